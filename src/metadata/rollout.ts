import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import {rateLimits} from '../cloud/rate-limiter.ts'
import type {Region} from '../cloud/regions.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import {unexpectedError} from '../unexpected-error.ts'
import type {Journal} from './journal.ts'
import type {Settled} from './outcomes.ts'
import {type PlannedChange, targetName} from './plan.ts'
import {checkChange, settleChange} from './settle-change.ts'

/** How far a rollout is, and what became of what is done. */
export interface Progress {
  total: number
  done: number
  changed: number
  failed: number
}

/** A change in its place in the run. */
export interface Work {
  /** Its place in the journal. */
  i: number
  change: PlannedChange
  /** Whether an earlier try may have made it without seeing it. */
  indeterminate: boolean
}

export interface RolloutOptions {
  journal: Journal
  /** Whether a server that has another name by now is left alone: somebody has reviewed the changes by name. */
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
  /** Epoch milliseconds. */
  now(): number
  /** Rejects at once when the signal comes. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export type Stop = 'interrupted' | 'failures' | 'canary' | 'journal'

export interface RolloutResult {
  /** In the order of the work. */
  settled: Settled[]
  /** Why it ended before it was through, if it did. */
  stop: Stop | undefined
  /** What is wrong with the journal, where that is why. */
  error: VpcmdError | undefined
}

const stopErrors: Record<Stop, {code: string; why: string}> = {
  interrupted: {code: 'interrupted', why: 'Interrupted'},
  failures: {code: 'too_many_failures', why: 'Too many have failed'},
  canary: {code: 'canary_stopped', why: 'The rollout ended after its canaries'},
  journal: {code: 'journal_failed', why: 'The journal could not be written'},
}

/**
 * Makes changes in all regions side by side, at the pace that each region's limiter finds. Each is in the journal as sent
 * before it is sent, and with its outcome afterwards; each is settled on its own, whatever becomes of the others. A change that is not sent because the
 * rollout ended is `skipped`.
 */
export async function rollOut(cloud: Cloud, work: Work[], options: RolloutOptions): Promise<RolloutResult> {
  const run = new Rollout(cloud, options, work.length)
  const settled: Settled[] = new Array(work.length)
  const canaries = options.canary ? work.slice(0, options.canary.size) : []
  for (const part of [canaries, work.slice(canaries.length)]) {
    const offset = part === canaries ? 0 : canaries.length
    const results = await run.all(part)
    for (const [index, result] of results.entries()) settled[offset + index] = result
    if (part === canaries && canaries.length > 0 && options.canary && !run.stop) {
      const seen = await run.readBack(canaries, results)
      for (const [index, result] of seen.entries()) settled[index] = result
      const areRight = seen.every(({result}) => result === 'changed' || result === 'unchanged')
      if (!run.stop && work.length > canaries.length && !(await options.canary.mayGoOn(seen, areRight)))
        run.end('canary')
    }
  }
  return {settled, stop: run.stop, error: run.error}
}

/** So many changes are looked at first whatever is known: that takes a moment, and spares a conflict. */
const fewChanges = 50

class Rollout {
  stop: Stop | undefined
  error: VpcmdError | undefined
  readonly #cloud: Cloud
  readonly #options: RolloutOptions
  readonly #progress: Progress
  readonly #ending = new AbortController()
  readonly #regions = new Map<string, Promise<Region>>()
  readonly #limits = new Map<string, ReturnType<typeof pLimit>>()
  /** Outcomes on their way to the disk. */
  readonly #recording: Promise<void>[] = []

  constructor(cloud: Cloud, options: RolloutOptions, total: number) {
    this.#cloud = cloud
    this.#options = options
    this.#progress = {total, done: 0, changed: 0, failed: 0}
    const {interrupted} = options
    if (interrupted.aborted) this.end('interrupted')
    interrupted.addEventListener('abort', () => this.end('interrupted'), {once: true})
  }

  /** Ends the rollout: nothing new is sent. The first reason counts. */
  end(stop: Stop): void {
    this.stop ??= stop
    this.#ending.abort()
  }

  async all(work: Work[]): Promise<Settled[]> {
    const settled = await Promise.all(
      work.map(each => {
        const {region} = each.change.target
        // Without a number the limiter decides how many of these are really under way; the others wait with what they are
        // about in the journal.
        const limit = this.#limits.get(region) ?? pLimit(this.#options.concurrency ?? rateLimits.max)
        this.#limits.set(region, limit)
        return limit(async () => {
          const settled = await this.#settle(each)
          this.#count(settled)
          return settled
        })
      }),
    )
    await Promise.all(this.#recording.splice(0))
    return settled
  }

  /** The canaries as a second look shows them: one that is not as it was made has failed, and the journal knows it. */
  async readBack(canaries: Work[], settled: Settled[]): Promise<Settled[]> {
    const seen = await Promise.all(
      settled.map(async (each, index) => {
        const canary = canaries[index]
        if (!canary || each.result !== 'changed') return each
        const {change, i} = canary
        const look = await checkChange(change, this.#cloud.api(await this.#regionOf(change), 'rollout'))
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
    const untouched: Settled = {result: 'skipped', ...(indeterminate && {indeterminate})}
    if (this.stop) return this.#skip(untouched, change)
    try {
      const ending = await this.#make(work)
      const settled = ending.result === 'skipped' ? this.#skip(ending, change) : ending
      this.#record(i, settled)
      return settled
    } catch (error) {
      if (error instanceof VpcmdError && error.code === 'journal_failed') {
        this.#journalFailed(error)
        return this.#skip(untouched, change)
      }
      const settled: Settled =
        error instanceof VpcmdError
          ? {result: 'failed', error, ...(indeterminate && {indeterminate})}
          : {result: 'failed', error: unexpected(change, error), indeterminate: true}
      this.#record(i, settled)
      return settled
    }
  }

  async #make({change, i, indeterminate}: Work): Promise<Settled> {
    const {journal, sleep, comparesNames} = this.#options
    const region = await this.#regionOf(change)
    return settleChange(change, {
      api: this.#cloud.api(region, 'rollout'),
      mustLook: () => this.#mustLook(change),
      indeterminate,
      comparesNames,
      ended: this.#ending.signal,
      sending: () => journal.write({t: 'sent', i, at: this.#time()}),
      sleep,
    })
  }

  /**
   * Whether the plan's reading does not do. A list gives no ETag, with which a change that somebody else has made would be
   * refused: a few are looked at first, and many only where another run is at work, as it would take twice the requests.
   */
  async #mustLook({readAt, etag}: PlannedChange): Promise<boolean> {
    const {now, freshForMs, journal} = this.#options
    // A clock that was ahead when the plan was made must not make it fresh.
    if (Math.abs(now() - readAt) >= freshForMs) return true
    return etag === undefined && (this.#progress.total <= fewChanges || (await journal.hasCompany()))
  }

  /** The next change need not wait for this one's outcome to be on disk; the end of the rollout does. */
  #record(i: number, {result, after, status, error, indeterminate}: Settled): void {
    const outcome = {
      result,
      after,
      status,
      ...(error && {error: error.toJSON()}),
      ...(indeterminate && {indeterminate}),
    }
    const written = this.#options.journal.write({t: 'outcome', i, at: this.#time(), ...outcome})
    this.#recording.push(written.catch(this.#journalFailed))
  }

  /** Says of a change that was not made because the rollout ended why that is. */
  #skip(settled: Settled, {target}: PlannedChange): Settled {
    const {code, why} = stopErrors[this.stop ?? 'interrupted']
    const message = settled.indeterminate
      ? `${why}: ${targetName(target)} may have been changed before, and nobody looked.`
      : `${why}: nothing was sent for ${targetName(target)}.`
    return {...settled, error: new VpcmdError({code, message, exitCode: exitCodes.interrupted})}
  }

  readonly #journalFailed = (error: unknown): void => {
    if (error instanceof VpcmdError) this.error ??= error
    this.end('journal')
  }

  #regionOf({target}: PlannedChange): Promise<Region> {
    const known = this.#regions.get(target.region) ?? this.#cloud.region(target.region)
    this.#regions.set(target.region, known)
    return known
  }

  #count({result}: Settled): void {
    const progress = this.#progress
    progress.done++
    if (result === 'changed') progress.changed++
    if (result === 'failed') progress.failed++
    const {maxFailures} = this.#options
    if (maxFailures !== undefined && progress.failed > maxFailures) this.end('failures')
    this.#options.onProgress({...progress})
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString()
  }
}

function unexpected({target}: PlannedChange, error: unknown): VpcmdError {
  return unexpectedError(` at ${targetName(target)}`, error, `See what holds now: vpcmd metadata show ${target.id}`)
}
