import {Flags} from '@oclif/core'
import {usageError} from '../../errors.ts'

const helpGroup = 'RESTART'

/** The flags of every command that can stop and start instances: what each of them accepts is accepted by it alone. */
export const restartFlags = {
  restart: Flags.boolean({
    helpGroup,
    summary:
      'Then stop and start the running instances on which this run turned the service on. A stop takes an instance down, erases its local disks, and its start can fail: what it risks is shown, and asked for, first.',
  }),
  'accept-downtime': Flags.boolean({
    helpGroup,
    summary: 'Answer yes to the question whether to stop and start; --yes does not answer it.',
  }),
  'accept-data-loss': Flags.boolean({
    helpGroup,
    summary:
      'Stop and start instances with local disks too, and erase what is on them. They are left out otherwise. For them it answers the question as well.',
  }),
  'max-unavailable': Flags.string({
    helpGroup,
    helpValue: 'N|P%',
    summary: 'How many instances of a VPC may be down at a time, or which share of those in the run: 1 without.',
  }),
  'step-timeout': Flags.integer({
    helpGroup,
    min: 1,
    max: 86_400,
    helpValue: 'SECONDS',
    summary: 'How long an instance may take to be seen stopped, and again to be seen running: 600 without.',
  }),
}

interface RestartFlags {
  restart?: boolean
  'accept-downtime'?: boolean
  'accept-data-loss'?: boolean
  'max-unavailable'?: string
  'step-timeout'?: number
}

/** Whether instances are stopped and started, and how. */
export interface RestartPolicy {
  isWanted: boolean
  acceptsDowntime: boolean
  acceptsDataLoss: boolean
  /** How many instances of a VPC may be down at a time, of so many in the run. */
  maxUnavailable(ofVpc: number): number
  stepTimeoutMs: number
}

/** How long a step may take where nothing is said, in seconds. */
const stepTimeout = 600

/**
 * How instances are restarted, by the flags. Throws a usage error for flags that can't be kept, and for those that mean
 * nothing without --restart. `--step-timeout` means something where instances may be brought back without it.
 */
export function readRestart(flags: RestartFlags, mayBringBack = false): RestartPolicy {
  const maxUnavailable = parseMaxUnavailable(flags['max-unavailable'])
  const names = ['accept-downtime', 'accept-data-loss', 'max-unavailable', 'step-timeout'] as const
  const name = names.find(each => flags[each] !== undefined && !(mayBringBack && each === 'step-timeout'))
  if (name && !flags.restart) {
    throw usageError(`--${name} is about restarts, and --restart was not given.`, 'Add --restart, or leave it out.')
  }
  return {
    isWanted: flags.restart ?? false,
    acceptsDowntime: flags['accept-downtime'] ?? false,
    acceptsDataLoss: flags['accept-data-loss'] ?? false,
    maxUnavailable,
    stepTimeoutMs: (flags['step-timeout'] ?? stepTimeout) * 1000,
  }
}

/**
 * Reads `--max-unavailable`. A share is rounded down, and is at least one. Throws a usage error for what is neither a
 * number nor a share, and for none at all.
 */
function parseMaxUnavailable(text: string | undefined): (ofVpc: number) => number {
  if (text === undefined) return () => 1
  const [, digits, percent] = /^(\d+)(%?)$/.exec(text) ?? []
  const number = Number(digits ?? 0)
  if (number < 1 || (percent && number > 100)) {
    throw usageError(`--max-unavailable takes a number from 1, or a share from 1% to 100%, not ${text}.`)
  }
  return percent ? ofVpc => Math.max(1, Math.floor((ofVpc * number) / 100)) : () => number
}
