import type {Cloud} from '../cloud/cloud.ts'
import {type Clock, rateLimits} from '../cloud/rate-limiter.ts'
import {placeKey} from '../cloud/regions.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import {targetName} from '../instances/references.ts'
import {unexpectedError} from '../unexpected-error.ts'
import type {Journal} from './journal.ts'
import {isAsWished, type Settled} from './outcomes.ts'
import type {PlannedChange} from './plan.ts'
import {limitPerKey, RunEnding} from './run-ending.ts'
import type {RecordedChange} from './runs.ts'
import {checkChange, settleChange} from './settle-change.ts'
import {checkTags} from './tag-check.ts'

/** How far a rollout is, and what became of what is done. */
export interface Progress {
  total: number
  done: number
  changed: number
  failed: number
}

/** A change in its place in the run, and whether an earlier try may have made it without seeing it. */
export type Work = Pick<RecordedChange, 'i' | 'change' | 'indeterminate'>

export interface RolloutOptions extends Clock {
  journal: Journal
  /** Whether a server is left alone that has another name by now: the changes were reviewed by name. */
  comparesNames?: boolean
  /** How old a reading may be to act on, in milliseconds; servers read longer ago are looked at first. */
  freshForMs: number
  /** How many changes may be under way at once in a region, where the user says so. */
  concurrency?: number
  /** How many failures it takes more than to stop. */
  maxFailures?: number
  canary?: {
    size: number
    /** Told what became of the canaries, as read back, and whether all are right. */
    mayGoOn(settled: Settled[], areRight: boolean): Promise<boolean>
  }
  /** The first Ctrl-C: nothing new is sent, and what is under way is awaited. */
  interrupted: AbortSignal
  onProgress(progress: Progress): void
}

const stopErrors = {
  interrupted: {code: 'interrupted', why: 'Interrupted'},
  failures: {code: 'too_many_failures', why: 'Too many have failed'},
  canary: {code: 'canary_stopped', why: 'The rollout ended after its canaries'},
  journal: {code: 'journal_failed', why: 'The journal could not be written'},
} as const

export type Stop = keyof typeof stopErrors

export interface RolloutResult {
  /** In the order of the work. */
  settled: Settled[]
  /** Why it ended before it was through, if it did. */
  stop: Stop | undefined
  /** What is wrong with the journal, where that is why. */
  error: VpcmdError | undefined
}

/**
 * Makes changes in all regions side by side, at the pace that each region's rate limiter finds. Each is in the journal as
 * sent before it is sent, and with its outcome afterwards; each is settled on its own, whatever becomes of the others. A
 * change that is not sent because the rollout ended is `skipped`.
 */
export async function rollOut(cloud: Cloud, work: Work[], options: RolloutOptions): Promise<RolloutResult> {
  const {canary} = options
  const run = new Rollout(cloud, options, work.length)
  const {ending} = run
  const canaries = work.slice(0, canary?.size ?? 0)
  const others = work.slice(canaries.length)
  let seen = await run.all(canaries)
  if (canary && canaries.length > 0 && !ending.reason) {
    seen = await run.readBack(canaries, seen)
    const areRight = seen.every(isAsWished)
    if (!ending.reason && others.length > 0 && !(await canary.mayGoOn(seen, areRight))) ending.end('canary')
  }
  return {settled: [...seen, ...(await run.all(others))], stop: ending.reason, error: ending.error}
}

/** So many changes are looked at first whatever is known: that takes a moment, and spares a conflict. */
const fewChanges = 50

class Rollout {
  readonly ending: RunEnding<'failures' | 'canary'>
  readonly #cloud: Cloud
  readonly #options: RolloutOptions
  readonly #progress: Progress
  readonly #limited: ReturnType<typeof limitPerKey>
  /** Outcomes on their way to the disk. */
  readonly #recording: Promise<void>[] = []

  constructor(cloud: Cloud, options: RolloutOptions, total: number) {
    this.#cloud = cloud
    this.#options = options
    this.#progress = {total, done: 0, changed: 0, failed: 0}
    this.ending = new RunEnding(options.interrupted)
    // Without a number the rate limiter decides how many of these are really under way; the others wait, and are in the
    // journal as sent.
    this.#limited = limitPerKey(() => options.concurrency ?? rateLimits.max)
  }

  async all(work: Work[]): Promise<Settled[]> {
    const settled = await Promise.all(
      work.map(each =>
        this.#limited(placeKey(each.change.target), async () => {
          const settled = await this.#settle(each)
          this.#count(settled)
          return settled
        }),
      ),
    )
    await Promise.all(this.#recording.splice(0))
    return settled
  }

  /** The canaries as a second look shows them: one that is not as it was made has failed, and the journal knows it. */
  async readBack(canaries: Work[], settled: Settled[]): Promise<Settled[]> {
    const seen = await Promise.all(
      canaries.map(async ({change, i}, index) => {
        const first = settled[index] ?? {result: 'skipped'}
        if (first.result !== 'changed') return first
        const look = await checkChange(change, await this.#apiFor(change))
        if (look.result === 'changed') return look
        this.#record(i, look)
        this.#progress.changed--
        this.#progress.failed++
        return look
      }),
    )
    await Promise.all(this.#recording.splice(0))
    return seen
  }

  async #settle(work: Work): Promise<Settled> {
    const {change, i, indeterminate} = work
    const doubt = indeterminate && {indeterminate}
    const untouched: Settled = {result: 'skipped', ...doubt}
    if (this.ending.reason) return this.#skip(untouched, change)
    let settled: Settled
    try {
      settled = await this.#make(work)
      if (settled.result === 'skipped') settled = this.#skip(settled, change)
    } catch (error) {
      if (!(error instanceof VpcmdError)) {
        settled = {result: 'failed', error: unexpected(change, error), indeterminate: true}
      } else if (error.code === 'journal_failed') {
        this.ending.journalFailed(error)
        return this.#skip(untouched, change)
      } else settled = {result: 'failed', error, ...doubt}
    }
    this.#record(i, settled)
    return settled
  }

  async #make({change, i, indeterminate}: Work): Promise<Settled> {
    const {journal, sleep, comparesNames} = this.#options
    return settleChange(change, {
      api: await this.#apiFor(change),
      mustLook: () => this.#mustLook(change),
      checkTags: () => checkTags(this.#cloud, change, this.ending.signal),
      indeterminate,
      comparesNames,
      ended: this.ending.signal,
      sending: () => journal.write({t: 'sent', i, at: this.#time()}),
      sleep,
    })
  }

  /**
   * Whether the plan's reading is too old. A list gives no ETag, with which a change that somebody else has made would be
   * refused: a few are looked at first, and many only where another run is at work, as that takes twice the requests.
   */
  async #mustLook({readAt, etag}: PlannedChange): Promise<boolean> {
    const {now, freshForMs, journal} = this.#options
    // A clock that was ahead when the plan was made must not make it fresh.
    if (Math.abs(now() - readAt) >= freshForMs) return true
    return etag === undefined && (this.#progress.total <= fewChanges || (await journal.hasCompany()))
  }

  /** The next change need not wait for this one's outcome to be on disk; the end of the rollout does. */
  #record(i: number, {error, indeterminate, ...outcome}: Settled): void {
    const more = {...(error && {error: error.toJSON()}), ...(indeterminate && {indeterminate})}
    const written = this.#options.journal.write({t: 'outcome', i, at: this.#time(), ...outcome, ...more})
    this.#recording.push(written.catch(this.ending.journalFailed))
  }

  /** Says why a change was not made because the rollout ended. */
  #skip(settled: Settled, {target}: PlannedChange): Settled {
    const {code, why} = stopErrors[this.ending.reason ?? 'interrupted']
    const message = settled.indeterminate
      ? `${why}: ${targetName(target)} may have been changed before, and nobody looked.`
      : `${why}: nothing was sent for ${targetName(target)}.`
    return {...settled, error: new VpcmdError({code, message, exitCode: exitCodes.interrupted})}
  }

  async #apiFor({target}: PlannedChange): Promise<VpcApi> {
    return this.#cloud.api(await this.#cloud.region(target), 'rollout')
  }

  #count({result}: Settled): void {
    const progress = this.#progress
    progress.done++
    if (result === 'changed') progress.changed++
    if (result === 'failed') progress.failed++
    const {maxFailures} = this.#options
    if (maxFailures !== undefined && progress.failed > maxFailures) this.ending.end('failures')
    this.#options.onProgress({...progress})
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString()
  }
}

function unexpected({target}: PlannedChange, error: unknown): VpcmdError {
  return unexpectedError(` at ${targetName(target)}`, error, `See what holds now: vpcmd metadata show ${target.id}`)
}
