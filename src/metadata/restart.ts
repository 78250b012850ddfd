import type {Cloud} from '../cloud/cloud.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {serverKey} from '../cloud/regions.ts'
import {VpcmdError} from '../errors.ts'
import {reservedIpOf} from '../instances/columns.ts'
import {targetName} from '../instances/references.ts'
import {inFull} from '../instances/settings.ts'
import {unexpectedError} from '../unexpected-error.ts'
import type {Journal, RestartStep} from './journal.ts'
import type {Restarted} from './outcomes.ts'
import type {Chosen, PowerAction, Target} from './plan.ts'
import {type PowerOptions, PowerSwitch} from './power-switch.ts'
import {whyNotToStart, whyNotToStop} from './preflight.ts'
import type {Progress} from './rollout.ts'
import {limitPerKey, RunEnding} from './run-ending.ts'
import {objectionTo} from './tag-check.ts'

/** One instance to stop and start, or to do one of both to. */
export interface RestartWork extends Chosen {
  /** Its place in the journal. */
  i: number
  /** What was asked for by itself. Without it the restart is for its metadata service, which has to be on. */
  power?: PowerAction
  /** For one that this run has asked to stop before: whether it was seen stopped since. It only has to come back. */
  begun?: {wasStopped: boolean}
}

export interface RestartProgress extends Omit<Progress, 'changed'> {
  down: number
}

export interface RestartOptions extends PowerOptions {
  journal: Journal
  /** How many instances of a VPC may be down at a time, by the VPC's ID. */
  maxUnavailable(vpc: string): number
  /** Whether local disks may be erased; an instance that has any is left out without. */
  acceptsDataLoss: boolean
  /** The first Ctrl-C: nothing more is stopped, and what is down is started and awaited. */
  interrupted: AbortSignal
  /** `down`: asked to stop, and not seen running since. */
  onProgress(progress: RestartProgress): void
  /** Told what became of each before the next one's turn; what is skipped was never begun. */
  onSettled?(work: RestartWork, restarted: Restarted): Promise<void>
  /** Told at once of an instance that is, or may be, down and does not come back. */
  onFailure(error: VpcmdError): void
}

export interface RestartsEnding {
  /** By `serverKey`. */
  restarted: Map<string, Restarted>
  /** Why it ended before it was through, if it did. */
  stop: keyof typeof skipReasons | undefined
  /** What is wrong with the journal, where that is why. */
  error: VpcmdError | undefined
}

/**
 * Stops and starts instances, never more of a VPC at a time than are allowed to be down. Those that were begun before
 * come first, all at once, as they are down already. The first that fails stops further stops; what is under way is
 * brought back all the same. Each step is in the journal before it is sent. Never throws VpcmdError.
 */
export async function restartAll(cloud: Cloud, work: RestartWork[], options: RestartOptions): Promise<RestartsEnding> {
  const run = new Restarts(cloud, options, work.length)
  await Promise.all(work.filter(({begun}) => begun).map(each => run.take(each)))
  const limited = limitPerKey(vpc => options.maxUnavailable(vpc))
  const fresh = work.filter(({begun}) => !begun)
  await Promise.all(fresh.map(each => limited(each.target.vpc.id, () => run.take(each))))
  return {restarted: run.restarted, stop: run.ending.reason, error: run.ending.error}
}

const skipReasons = {
  interrupted: 'interrupted before its turn',
  failures: 'another restart failed before its turn',
  journal: 'the journal could not be written',
}

class Restarts {
  readonly ending: RunEnding<'failures'>
  readonly restarted = new Map<string, Restarted>()
  readonly #cloud: Cloud
  readonly #options: RestartOptions
  readonly #progress: RestartProgress

  constructor(cloud: Cloud, options: RestartOptions, total: number) {
    this.#cloud = cloud
    this.#options = options
    this.#progress = {total, done: 0, down: 0, failed: 0}
    this.ending = new RunEnding(options.interrupted)
  }

  async take(work: RestartWork): Promise<void> {
    const asked = {isAsked: work.begun !== undefined}
    if (asked.isAsked) this.#tellDown()
    const restarted = await this.#restart(work, asked)
    if (asked.isAsked && restarted.result !== 'failed') this.#progress.down--
    this.restarted.set(serverKey(work.target), restarted)
    this.#progress.done++
    if (restarted.result === 'failed') {
      this.#progress.failed++
      this.ending.end('failures')
      if (restarted.error) this.#options.onFailure(restarted.error)
    }
    if (restarted.result !== 'skipped') {
      await this.#options.onSettled?.(work, restarted).catch(this.ending.journalFailed)
    }
    this.#options.onProgress({...this.#progress})
  }

  #tellDown(): void {
    this.#progress.down++
    this.#options.onProgress({...this.#progress})
  }

  async #restart(work: RestartWork, asked: {isAsked: boolean}): Promise<Restarted> {
    if (!work.begun && this.ending.reason) return this.#skipped()
    try {
      const api = this.#cloud.api(await this.#cloud.region(work.target), 'rollout')
      const action = work.power
      const power = new PowerSwitch(work.target, {...this.#options, api, action, ended: this.ending.signal})
      if (action === 'start') return await this.#startAlone(work, power, asked)
      return await (work.begun ? this.#bringBack(work, power, work.begun.wasStopped) : this.#cycle(work, power, asked))
    } catch (thrown) {
      const error = thrown instanceof VpcmdError ? thrown : unexpected(work.target, thrown)
      if (error.code === 'journal_failed') {
        this.ending.journalFailed(error)
        return this.#skipped()
      }
      const isGone = error.code === 'instance_gone'
      if (asked.isAsked) await this.#note(work, isGone ? 'left' : 'failed', error)
      return isGone ? {result: 'left_out', reason: 'it is no longer there'} : {result: 'failed', error}
    }
  }

  /** A stop and start of an instance that runs; one that does not is left as it is. */
  async #cycle(work: RestartWork, power: PowerSwitch, asked: {isAsked: boolean}): Promise<Restarted> {
    const before = await power.look()
    if (work.power === 'stop' && (before.status === 'stopping' || before.status === 'stopped')) {
      await power.awaitStopped()
      return this.#stayDown(work)
    }
    // Hours may have passed since the preflight, and a resize brings local disks.
    const whyNot = whyNotToStop(before, this.#options.acceptsDataLoss)
    const enabled = work.power ? true : inFull(before.settings)?.enabled
    const reason =
      whyNot ?? (enabled ? undefined : enabled === false ? 'its service is off' : 'not all of its settings are known')
    if (reason !== undefined) return {result: 'left_out', reason}
    const left = await this.#leftByTags(work)
    if (left) return left
    await this.#write(work, 'stop')
    asked.isAsked = true
    this.#tellDown()
    const refusal = await power.stop('running')
    if (refusal) {
      asked.isAsked = false
      this.#progress.down--
      await this.#note(work, 'left', refusal)
      if (refusal.code === 'not_sent' || (refusal.status === 429 && this.ending.reason)) return this.#skipped()
      // Somebody else may have been faster; what they stop stays stopped.
      const {status} = await power.look()
      return status === 'running'
        ? {result: 'failed', error: refusal}
        : {result: 'left_out', reason: `it is ${status ?? 'in an unknown status'}, and not by vpcmd`}
    }
    await power.awaitStopped()
    return work.power === 'stop' ? this.#stayDown(work) : this.#start(work, power, before)
  }

  /** What becomes of an instance that is not begun: the run ends, or it no longer has the tags by which it was chosen. */
  async #leftByTags(work: RestartWork): Promise<Restarted | undefined> {
    const objection = this.ending.reason ? undefined : await objectionTo(this.#cloud, work, this.ending.signal)
    if (this.ending.reason) return this.#skipped()
    return objection && {result: 'left_out', reason: objection.reason}
  }

  async #stayDown(work: RestartWork): Promise<Restarted> {
    await this.#note(work, 'down')
    return {result: 'done'}
  }

  async #startAlone(work: RestartWork, power: PowerSwitch, asked: {isAsked: boolean}): Promise<Restarted> {
    const before = await power.look()
    if (before.status === 'running') return {result: 'done'}
    const reason = whyNotToStart(before)
    if (reason !== undefined) return {result: 'left_out', reason}
    const left = await this.#leftByTags(work)
    if (left) return left
    await this.#write(work, 'start')
    asked.isAsked = true
    this.#tellDown()
    if (before.status === 'stopped') await power.start()
    return this.#finish(work, power, before)
  }

  /** Brings an instance back that this run, perhaps by an earlier process, has asked to stop. */
  async #bringBack(work: RestartWork, power: PowerSwitch, wasStopped: boolean): Promise<Restarted> {
    const seen = wasStopped ? await power.look() : await power.lookForChange('running')
    const {status} = seen
    if (status === 'running' && !wasStopped) {
      await this.#note(work, 'left')
      return {result: 'left_out', reason: 'it runs, and was not seen stopped'}
    }
    if (status === 'failed') {
      // What failed to start must be stopped first (ibm-cloud-docs/vpc, instance-status-messages.md).
      const refusal = await power.stop('failed')
      if (refusal) throw refusal
    }
    if (status === 'failed' || status === 'stopping' || status === 'stopped') {
      await power.awaitStopped()
      return this.#start(work, power, seen)
    }
    return this.#finish(work, power, seen)
  }

  async #start(work: RestartWork, power: PowerSwitch, before: Instance): Promise<Restarted> {
    // From here on it is down: it is started even where the journal can't be written any more.
    await this.#note(work, 'stopped')
    await this.#note(work, 'start')
    await power.start()
    return this.#finish(work, power, before)
  }

  async #finish(work: RestartWork, power: PowerSwitch, before: Instance): Promise<Restarted> {
    // A start can change it (ibm-cloud-docs/vpc-infrastructure-cli-plugin, instance-stop).
    const [was, is] = [reservedIpOf(before), reservedIpOf(await power.awaitRunning())]
    await this.#note(work, 'running')
    const isOther = was !== undefined && is !== undefined && was !== is
    return {result: 'done', ...(isOther && {address: {before: was, after: is}})}
  }

  #skipped(): Restarted {
    return {result: 'skipped', reason: skipReasons[this.ending.reason ?? 'interrupted']}
  }

  #write({i}: RestartWork, step: RestartStep, error?: VpcmdError): Promise<void> {
    const at = new Date(this.#options.now()).toISOString()
    return this.#options.journal.write({t: 'restart', i, at, step, ...(error && {error: error.toJSON()})})
  }

  /** Writes a step after which there is no way back: that it can't be written is remembered, and ends further stops. */
  #note(work: RestartWork, step: RestartStep, error?: VpcmdError): Promise<void> {
    return this.#write(work, step, error).catch(this.ending.journalFailed)
  }
}

/** Nothing that goes wrong with one instance leaves another behind that is down. */
function unexpected(target: Target, thrown: unknown): VpcmdError {
  const look = `See whether it runs: vpcmd instances show ${target.id}`
  return unexpectedError(` at the restart of ${targetName(target)}`, thrown, look)
}
