import {Flags} from '@oclif/core'
import {usageError} from '../../errors.ts'

const helpGroup = 'ROLLOUT'

/** The flags of every command that changes servers. */
export const rolloutFlags = {
  'dry-run': Flags.boolean({summary: 'Print what would change, and send nothing.'}),
  yes: Flags.boolean({char: 'y', summary: 'Answer yes to the question whether to go on.'}),
  concurrency: Flags.integer({
    min: 1,
    max: 256,
    helpGroup,
    helpValue: 'N',
    summary: 'At most so many requests at a time in a region. It finds its own level below that (64 without).',
  }),
  'max-failures': Flags.string({
    helpGroup,
    helpValue: 'N|P%',
    summary: 'Stop when more than this many have failed.',
  }),
  canary: Flags.integer({
    min: 1,
    helpGroup,
    helpValue: 'N',
    summary: 'Change so many first, read them back, and ask; with --yes go on only if all are right.',
  }),
}

interface RolloutFlags {
  'dry-run'?: boolean
  yes?: boolean
  concurrency?: number
  'max-failures'?: string
  canary?: number
  quiet?: boolean
}

/** How servers are changed. */
export interface RolloutPolicy {
  isDryRun: boolean
  yes: boolean
  /** Whether nothing is told of a run that went through. */
  quiet: boolean
  concurrency: number | undefined
  canary: number | undefined
  /** How many of so many may fail; undefined where it does not matter. */
  maxFailures(total: number): number | undefined
}

/** How servers are changed, by the flags. Throws a usage error for flags that can't be kept. */
export function readRollout(flags: RolloutFlags): RolloutPolicy {
  return {
    isDryRun: flags['dry-run'] ?? false,
    yes: flags.yes ?? false,
    quiet: flags.quiet ?? false,
    concurrency: flags.concurrency,
    canary: flags.canary,
    maxFailures: parseMaxFailures(flags['max-failures']),
  }
}

/** Throws a usage error for --region where what is to be changed is fixed: left unsaid, it would seem to narrow that. */
export function refuseRegions({region}: {region?: string[]}, what: string): void {
  if (!region) return
  throw usageError(`--region does not narrow ${what}: it has its own regions.`, 'Leave --region out.')
}

/** Reads `--max-failures`; a share is rounded down. */
function parseMaxFailures(text: string | undefined): (total: number) => number | undefined {
  if (text === undefined) return () => undefined
  const [, number, percent] = /^(\d+)(%?)$/.exec(text) ?? []
  if (number === undefined || (percent && Number(number) > 100)) {
    throw usageError(`--max-failures takes a number or a share such as 5%, not ${text}.`)
  }
  return percent ? total => Math.floor((total * Number(number)) / 100) : () => Number(number)
}
