import {Flags} from '@oclif/core'
import type {Cloud} from '../cloud/cloud.ts'
import {asVpcmdError, exitCodes, usageError, type VpcmdError} from '../errors.ts'
import type {RunHeader} from '../metadata/journal.ts'
import {
  countResults,
  describeCounts,
  type Outcome,
  type Settled,
  toJsonLine,
  toJsonOutcomes,
  wasTurnedOnRunning,
} from '../metadata/outcomes.ts'
import type {PlannedChange} from '../metadata/plan.ts'
import type {RolloutOptions, RolloutResult, Work} from '../metadata/rollout.ts'
import {duration} from '../terminal/progress.ts'
import type {Prompter} from '../terminal/prompts.ts'
import {changeLines} from './change-lines.ts'
import type {CloudFlags} from './cloud-command.ts'
import {outcomeColumns} from './outcome-columns.ts'
import {SelectionCommand} from './selection-command.ts'
import type {Sequel} from './sequel.ts'
import {runsFolder} from './state-folder.ts'

/** What IBM's FAQ says of instances created with the service off (ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md). */
export const switchedOnNote =
  "IBM's FAQ: an instance that was created with the service off must be stopped and started before the service works fully. A stop erases instance storage for good, so vpcmd does not do it unasked, but with: vpcmd metadata resume --restart"

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

export interface RolloutFlags extends CloudFlags {
  'dry-run'?: boolean
  yes?: boolean
  concurrency?: number
  'max-failures'?: string
  canary?: number
}

/** A run that is to be made, or gone on with. */
export interface RunRequest {
  /** As the journal keeps it. */
  command: string
  selection: string
  changes: PlannedChange[]
  undoes?: string
  /** What could not be read while the servers were chosen, in words. */
  unread?: string[]
  /** Whether a server that has another name by now is left alone. */
  comparesNames?: boolean
  /** Whether the readings are of just now, so that no second look is owed before a change. */
  isFresh: boolean
  /** Whether it ends as if interrupted before anything new is sent: only what is down comes back. */
  isCalledOff?: boolean
  /** An earlier run that is gone on with, in place of a new one: its ID, how much of it was read, and what is left of it. */
  resumes?: {id: string; bytes: number; work: Work[]}
  sequel?: Sequel
}

/** How old a fresh reading may get, in a long rollout, before its server is looked at again: to look each time would take twice the requests. */
const freshForMs = 30_000

/** What all commands share that change servers: journal, rollout, progress, summary, exit code. */
export abstract class RolloutCommand extends SelectionCommand {
  /**
   * Throws a usage error, before anything is read, for flags that can't be kept. The share is of `total`, and rounded down.
   */
  protected maxFailures({'max-failures': text}: RolloutFlags, total: number): number | undefined {
    if (text === undefined) return undefined
    const [, number, percent] = /^(\d+)(%?)$/.exec(text) ?? []
    if (number === undefined || (percent && Number(number) > 100)) {
      throw usageError(`--max-failures takes a number or a share such as 5%, not ${text}.`)
    }
    return percent ? Math.floor((total * Number(number)) / 100) : Number(number)
  }

  /** Throws a usage error for --region where what is to be changed is fixed: left unsaid, it would seem to narrow that. */
  protected refuseRegions({region}: RolloutFlags, what: string): void {
    if (!region) return
    throw usageError(`--region does not narrow ${what}: it has its own regions.`, 'Leave --region out.')
  }

  /** With --dry-run, what would become of changes that were read a while ago if they were made now. */
  protected async foresight(
    flags: RolloutFlags,
    cloud: Cloud,
    changes: PlannedChange[],
    comparesNames = false,
  ): Promise<(Settled | undefined)[] | undefined> {
    if (!flags['dry-run']) return undefined
    const {foresee} = await import('../metadata/foresee.ts')
    return foresee(cloud, changes, comparesNames)
  }

  /** Makes a run, and prints what became of it. Sends nothing, and keeps nothing, where there is nothing to change. */
  protected async carryOut(
    flags: RolloutFlags,
    cloud: Cloud,
    request: RunRequest & {outcomes(settled: Settled[]): Outcome[]},
  ): Promise<void> {
    const startedAt = this.context.host.now()
    const run = await this.makeRun(flags, cloud, request)
    await this.printOutcomes(flags, request.outcomes(run?.settled ?? []), request.unread)
    if (run) this.summarise(flags, run, (this.context.host.now() - startedAt) / 1000, request.sequel)
  }

  /** Makes a run with its journal; undefined where there is nothing to change. */
  protected async makeRun(
    flags: RolloutFlags,
    cloud: Cloud,
    request: RunRequest,
  ): Promise<(RolloutResult & {id: string}) | undefined> {
    const work = request.resumes?.work ?? request.changes.map((change, i) => ({i, change, inDoubt: false}))
    const {sequel} = request
    if (work.length === 0 && !sequel) return undefined
    const maxFailures = this.maxFailures(flags, work.length)
    const interruption = new AbortController()
    if (request.isCalledOff) interruption.abort()
    const canary = await this.canary(flags, work.length, interruption)
    const [{newRunId}, {JournalFile}, {rollOut}, {account, iamId}] = await Promise.all([
      import('../metadata/journal.ts'),
      import('../metadata/journal-file.ts'),
      import('../metadata/rollout.ts'),
      cloud.caller(),
    ])
    const folder = runsFolder(this.context.env)
    const time = () => new Date(this.context.host.now()).toISOString()
    const header: RunHeader = {
      id: request.resumes?.id ?? newRunId(this.context.host.now(), this.context.host.random()),
      command: request.command,
      account,
      iamId,
      vpcmd: this.config.version,
      startedAt: time(),
      selection: request.selection,
      count: request.changes.length,
      ...(request.undoes !== undefined && {undoes: request.undoes}),
      ...(request.unread?.length && {unread: request.unread}),
    }
    const journal = request.resumes
      ? await JournalFile.resume(folder, header.id, request.resumes.bytes, time())
      : await JournalFile.begin(folder, header, request.changes)

    const stopListening = this.listenForInterruption(interruption)
    const underWay = {id: header.id, journal, interrupted: interruption.signal}
    let result: RolloutResult
    try {
      await sequel?.before(underWay)
      const bar = this.context.beginProgress('Changing')
      result = await rollOut(cloud, work, {
        journal,
        comparesNames: request.comparesNames,
        freshForMs: request.isFresh ? freshForMs : 0,
        concurrency: flags.concurrency,
        maxFailures,
        canary,
        interrupted: interruption.signal,
        onProgress: ({total, done, changed, failed}) => {
          const details = [`${changed} changed`, ...(failed > 0 ? [`${failed} failed`] : [])]
          if (total > 1) bar.update({total, done, details})
        },
        now: this.context.host.now,
        sleep: this.context.host.sleep,
      })
      this.context.clearProgress()
      await sequel?.after(underWay, work, result)
      result = {...result, stop: result.stop ?? sequel?.stop(), error: result.error ?? sequel?.error()}
      const reason = result.stop === 'interrupted' ? 'interrupted' : result.stop ? 'stopped' : 'done'
      // All is done and known: that the last line finds no room must not hide it.
      const ended = result.error ?? (await journal.write({t: 'end', at: time(), reason}).catch(asVpcmdError))
      if (ended) result = {...result, stop: result.stop ?? 'journal', error: ended}
    } finally {
      stopListening()
      this.context.endProgress()
      await journal.close()
    }
    return {...result, id: header.id}
  }

  /** Who is to be asked after the canaries; undefined where nobody is. Throws a usage error where nobody can answer. */
  protected async checkCanary({canary: size, yes}: RolloutFlags, total: number): Promise<Prompter | undefined> {
    // Where all are canaries they are read back, and nothing is left to be asked for.
    if (size === undefined || yes || size >= total) return undefined
    const prompter = await this.prompter()
    if (prompter) return prompter
    throw usageError(
      'After the canaries vpcmd asks whether to go on, and nobody can answer without a terminal: no change was sent.',
      'Pass --yes to go on if all of them are right.',
    )
  }

  private async canary(
    flags: RolloutFlags,
    total: number,
    interruption: AbortController,
  ): Promise<RolloutOptions['canary']> {
    const size = flags.canary
    if (size === undefined || interruption.signal.aborted) return undefined
    const prompter = await this.checkCanary(flags, total)
    return {
      size,
      mayGoOn: async (settled, areRight) => {
        this.context.clearProgress()
        this.note(`Canaries, read back: ${describeCounts(countResults(settled))}.`)
        for (const {error} of settled) if (error) this.note(`  ${error.message}`)
        if (!prompter) {
          if (!areRight) this.note('Not all of them are right: the others are left alone.')
          return areRight
        }
        const rest = total - size
        const doubt = areRight ? '' : 'Not all of them are right. '
        return prompter.confirm({message: `${doubt}Go on with the other ${rest}?`}).catch((error: VpcmdError) => {
          if (error.exitCode !== exitCodes.interrupted) throw error
          interruption.abort()
          return false
        })
      },
    }
  }

  private summarise(flags: RolloutFlags, run: RolloutResult & {id: string}, seconds: number, sequel?: Sequel): void {
    const {id, settled, stop, error} = run
    const counts = {...countResults(settled)}
    const inDoubt = settled.filter(each => each.inDoubt).length
    // With --quiet nothing is told of a run that went through; why it did not must be.
    if (!flags.quiet || stop || error || inDoubt > 0) {
      const undo = counts.changed > 0 ? ` Take it back with: vpcmd metadata undo ${id}` : ''
      const made = settled.length === 0 && sequel ? 'no setting was left to change' : describeCounts(counts)
      this.note(`Run ${id}: ${made} in ${duration(seconds)}.${undo}`)
      if (inDoubt > 0) this.note(`${inDoubt} of those that are not changed may have been changed all the same.`)
      for (const line of sequel?.summary(id) ?? []) this.note(line)
      if (error) this.note(`Error: ${error.inOneLine}`)
      const isLeft = settled.some(({result}) => result === 'skipped' || result === 'failed') || sequel?.leavesWork()
      if (inDoubt > 0 || (stop && isLeft)) this.note(`Finish it with: vpcmd metadata resume ${id}`)
    }
    if (stop === 'interrupted') this.context.exitCode = exitCodes.interrupted
    else if (stop) this.context.exitCode = exitCodes.failed
  }

  /** Asks whether to make changes, after showing them. True at once where there is nothing to ask. */
  protected async isConfirmed(flags: RolloutFlags, question: string, changes: PlannedChange[]): Promise<boolean> {
    if (changes.length === 0 || flags.yes) return true
    this.showChanges(changes)
    return this.confirm(question, false)
  }

  /** Shows changes as a diff on stderr, with counts for each region and VPC where there are many. */
  protected showChanges(changes: PlannedChange[]): void {
    // A terminal would break lines within words.
    const columns = this.context.host.stderr.isTTY ? this.context.host.stderr.columns || 80 : Number.POSITIVE_INFINITY
    for (const line of changeLines(changes, columns)) this.note(line)
  }

  protected async printOutcomes(flags: RolloutFlags, outcomes: Outcome[], unread: string[] = []): Promise<void> {
    // What was never sent is counted, and not told one by one.
    const errors = outcomes.flatMap(({error, result}) => (error && result !== 'skipped' ? [error] : []))
    this.reportFailures(errors, outcomes.length)
    await this.printRows(flags, {
      rows: outcomes,
      columns: outcomeColumns(outcomes),
      mayHide: true,
      toJson: toJsonLine,
      whole: {...toJsonOutcomes(outcomes), ...(unread.length > 0 && {unread})},
      id: ({target, result}) => (result === 'changed' || result === 'planned' ? target?.id : undefined),
    })
    const awaitsRestart = outcomes.some(each => wasTurnedOnRunning(each) && each.restart?.result !== 'done')
    if (awaitsRestart) this.note(switchedOnNote)
  }
}
