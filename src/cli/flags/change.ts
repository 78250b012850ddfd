import {Flags} from '@oclif/core'
import {usageError} from '../../errors.ts'
import type {RestartPolicy} from '../../metadata/restart-plan.ts'
import {type AccountFlags, accountFlagNames} from './cloud.ts'
import {type Given, inGroup} from './declare.ts'
import {type OutputFlags, type OutputOptions, readOutput} from './output.ts'

/** The flags of every command that changes servers. */
export const rolloutFlags = {
  'dry-run': Flags.boolean({summary: 'Show what would change, and send nothing.'}),
  yes: Flags.boolean({char: 'y', summary: 'Skip the confirmation.'}),
  show: Flags.option({
    options: ['all'] as const,
    helpGroup: 'OUTPUT',
    summary: 'List each server. Of more than 20, the table has only those that failed or conflict.',
  })(),
  ...inGroup('ROLLOUT', {
    concurrency: Flags.integer({
      min: 1,
      max: 256,
      helpValue: 'N',
      summary: 'Maximum requests at a time in a region (default 64). vpcmd adapts to what the API can take.',
    }),
    'max-failures': Flags.string({
      helpValue: 'N|P%',
      summary: 'Stop when more than this many have failed.',
    }),
    canary: Flags.integer({
      min: 1,
      helpValue: 'N',
      summary: 'Change N first, read them back, then ask. With --yes, go on only if all N are right.',
    }),
  }),
}

/** The flags of every command that can stop and start instances: what each of them accepts is accepted by it alone. */
export const restartFlags = inGroup('RESTART', {
  restart: Flags.boolean({
    summary:
      'Then stop and start the running instances on which this run enabled the service. A stop takes an instance down and erases its local disks, and the start can fail. vpcmd shows the risks and asks first.',
  }),
  'accept-downtime': Flags.boolean({
    summary: 'Skip the confirmation to stop and start. --yes does not skip it.',
  }),
  'accept-data-loss': Flags.boolean({
    summary:
      'Also stop and start instances with local disks, which erases the disks. Without this flag they are left out. Skips the confirmation for them.',
  }),
  'max-unavailable': Flags.string({
    helpValue: 'N|P%',
    summary: 'How many instances of a VPC may be down at a time, as a number or a share of the run (default 1).',
  }),
  'step-timeout': Flags.integer({
    min: 1,
    max: 86_400,
    helpValue: 'SECONDS',
    summary: 'How long to wait for an instance to stop, and again for it to start (default 600).',
  }),
})

const {'dry-run': dryRun, yes, show, concurrency} = rolloutFlags

/** The flags of `instances start`. */
export const startFlags = {
  'dry-run': dryRun,
  yes,
  show,
  concurrency,
  'step-timeout': restartFlags['step-timeout'],
}

/** The flags of `instances stop`, which takes instances down. */
export const stopFlags = {
  ...startFlags,
  yes: Flags.boolean({char: 'y', summary: 'Does not skip the confirmation here; --accept-downtime does.'}),
  ...inGroup('RESTART', {
    'accept-downtime': Flags.boolean({summary: 'Skip the confirmation. --yes does not skip it.'}),
    'accept-data-loss': Flags.boolean({
      summary:
        'Also take instances with local disks, whose disks a stop erases for good. Without this flag they are left alone. Skips the confirmation for them.',
    }),
  }),
}

/** The flags of `instances restart`. */
export const powerCycleFlags = {
  ...stopFlags,
  'max-unavailable': restartFlags['max-unavailable'],
}

/** What these flags are given. */
export type ChangeFlags = OutputFlags & Given<typeof rolloutFlags & typeof restartFlags>

/** How servers are changed, and what is printed of it. */
export interface ChangePolicy {
  out: OutputOptions
  /** Whether a table lists each server, however many there are. */
  listsAll: boolean
  isDryRun: boolean
  yes: boolean
  concurrency: number | undefined
  canary: number | undefined
  /** How many of so many may fail; undefined where it does not matter. */
  maxFailures(total: number): number | undefined
  restart: RestartPolicy
}

/** How long a step may take where nothing is said, in seconds. */
const stepTimeout = 600

/** How servers are changed, by the flags. Throws a usage error for flags that can't be kept. */
export function readPowerChange(flags: ChangeFlags): ChangePolicy {
  const {'max-failures': maxFailures, 'max-unavailable': unavailable = '1'} = flags
  const maxUnavailable = parseShare('max-unavailable', unavailable, 1)
  return {
    out: readOutput(flags),
    listsAll: flags.show === 'all',
    isDryRun: flags['dry-run'] ?? false,
    yes: flags.yes ?? false,
    concurrency: flags.concurrency,
    canary: flags.canary,
    maxFailures: maxFailures === undefined ? () => undefined : parseShare('max-failures', maxFailures, 0),
    restart: {
      isWanted: flags.restart ?? false,
      acceptsDowntime: flags['accept-downtime'] ?? false,
      acceptsDataLoss: flags['accept-data-loss'] ?? false,
      // A share of few is one at least: nothing would ever be restarted otherwise.
      maxUnavailable: ofVpc => Math.max(1, maxUnavailable(ofVpc)),
      stepTimeoutMs: (flags['step-timeout'] ?? stepTimeout) * 1000,
    },
  }
}

/** The same for commands of which some flags mean nothing without --restart: throws a usage error for these, too. */
export function readChange(flags: ChangeFlags): ChangePolicy {
  checkRestartFlags(flags)
  return readPowerChange(flags)
}

/**
 * Throws a usage error for flags that mean nothing without --restart. `mayBringBack`: --step-timeout means something, as
 * instances may be down already.
 */
export function checkRestartFlags(flags: ChangeFlags, mayBringBack = false): void {
  const names = ['accept-downtime', 'accept-data-loss', 'max-unavailable', 'step-timeout'] as const
  const name = names.find(each => flags[each] !== undefined && !(mayBringBack && each === 'step-timeout'))
  if (name && !flags.restart) throw usageError(`--${name} needs --restart.`, `Add --restart, or drop --${name}.`)
}

/** Throws a usage error for --region where what is to be changed is fixed: it would seem to narrow that. */
export function refuseRegions({region}: {region?: string[]}, what: string): void {
  if (region) throw usageError(`--region can't narrow ${what}, which has its own regions.`, 'Drop --region.')
}

/** The same for the flags of accounts, too. */
export function refusePlaces(flags: {region?: string[]} & AccountFlags, what: string): void {
  refuseRegions(flags, what)
  const flag = accountFlagNames.find(name => flags[name] !== undefined)
  if (flag) throw usageError(`--${flag} can't narrow ${what}, which has its own accounts.`, `Drop --${flag}.`)
}

/** Reads `N` or `P%`, at least `min`; a share is rounded down. Throws a usage error for anything else. */
function parseShare(flag: string, text: string, min: 0 | 1): (total: number) => number {
  const [, digits = '', percent] = /^(\d+)(%?)$/.exec(text) ?? []
  const number = Number(digits)
  if (digits === '' || number < min || (percent && number > 100)) {
    throw usageError(`--${flag} takes a number from ${min}, or a share from ${min}% to 100%, not ${text}.`)
  }
  return percent ? total => Math.floor((total * number) / 100) : () => number
}
