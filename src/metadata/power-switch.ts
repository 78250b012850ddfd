import type {Clock} from '../cloud/rate-limiter.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {pauseAfter, retryPolicy} from '../cloud/retry-policy.ts'
import {asSentence, isIndeterminate, wasTaken} from '../cloud/service-errors.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import {reasonsInWords} from '../instances/create-instance.ts'
import {targetName} from '../instances/references.ts'
import type {PowerAction, Target} from './plan.ts'

/** How instances are stopped and started. */
export interface PowerOptions extends Clock {
  /** How long an instance may take to be seen stopped, and again to be seen running, in milliseconds. */
  stepTimeoutMs: number
  /** What to run to try again, for the errors. */
  retryCommand: string
}

interface PowerSwitchOptions extends PowerOptions {
  /** The VPC API of the instance's region, in the manner of a rollout. */
  api: VpcApi
  /** What all is for: the errors say what is wrong by it. */
  action: PowerAction | undefined
  /** Once it comes no stop is sent any more; a start always is. */
  ended: AbortSignal
}

const {conflictMs, look, power} = retryPolicy

/**
 * Stops and starts one instance. An action can't be repeated blindly: where its answer was lost, the status tells
 * whether it was acted on. The status of the action itself is deprecated (IBM/vpc-node-sdk, vpc/v1.ts, InstanceAction),
 * so the instance's is what counts. Every method throws VpcmdError, with the code `instance_gone` for one that is no
 * longer there.
 */
export class PowerSwitch {
  readonly #target: Target
  readonly #options: PowerSwitchOptions

  constructor(target: Target, options: PowerSwitchOptions) {
    this.#target = target
    this.#options = options
  }

  /** The instance as it is now. */
  async look(): Promise<Instance> {
    const seen = await this.#tryLook()
    if (seen instanceof VpcmdError) throw seen
    return seen
  }

  /** The instance as soon as it is in another status than `status`, or as it is after a few seconds. */
  async lookForChange(status: string): Promise<Instance> {
    let last: Instance | VpcmdError | undefined
    for (const ms of power.doubtPausesMs) {
      await this.#options.sleep(ms)
      last = await this.#tryLook()
      if (!(last instanceof VpcmdError) && last.status !== status) return last
    }
    if (last === undefined || last instanceof VpcmdError) throw last ?? new Error('never looked')
    return last
  }

  /**
   * Asks an instance in the status `from` to stop. Gives the error where it was surely not: refused, or called off
   * before it was sent (`not_sent`). Another change that is under way there (409) is waited for, as long as the instance
   * stays in that status. Throws where it may be stopping all the same.
   */
  async stop(from: 'running' | 'failed'): Promise<VpcmdError | undefined> {
    const {ended, now, sleep} = this.#options
    const deadline = now() + conflictMs
    let mayHaveActed = false
    let conflicts = 0
    for (let round = 1; ; round++) {
      // One whose start failed is down already, and stopped only to be started again.
      const error = await this.#send('stop', from === 'running' ? ended : undefined)
      // What was taken shows in the status, or never will.
      if (!error || wasTaken(error)) return undefined
      const isCertain = !isIndeterminate(error)
      const leftMs = deadline - now()
      if (error.status === 409 && !mayHaveActed && leftMs > 0 && !ended.aborted) {
        if ((await this.look()).status !== from) return error
        await sleep(Math.min(pauseAfter(conflicts++, look.pauses), leftMs))
        continue
      }
      if (isCertain && !mayHaveActed) return error
      mayHaveActed = true
      // A refusal after one in doubt may come from the stop that is under way.
      if ((await this.lookForChange(from)).status !== from) return undefined
      if (isCertain || round >= power.rounds || ended.aborted) throw this.#stopFailed(error.message, error)
    }
  }

  /**
   * Asks a stopped instance to start. A refusal right after a stop is not the last word: it is asked again for as long as a
   * step may take. Throws where it was not acted on.
   */
  async start(): Promise<void> {
    const {now, sleep, stepTimeoutMs} = this.#options
    const deadline = now() + stepTimeoutMs
    for (let round = 1; ; round++) {
      const error = await this.#send('start')
      if (!error || wasTaken(error)) return
      const isCertain = !isIndeterminate(error)
      // Refused, it may be because somebody else has started it.
      const seen = await (isCertain ? this.look() : this.lookForChange('stopped'))
      if (seen.status !== 'stopped' && seen.status !== 'stopping' && seen.status !== undefined) return
      const leftMs = deadline - now()
      const isEarly = isCertain && isOfTheMoment(error) && leftMs > 0
      if ((isCertain && !isEarly) || (!isCertain && round >= power.rounds))
        throw this.#startFailed(error.message, error)
      if (isEarly) await sleep(Math.min(pauseAfter(round - 1, look.pauses), leftMs))
    }
  }

  /** Looks until the instance is stopped. */
  awaitStopped(): Promise<Instance> {
    return this.#await('stopped', ({status}) => {
      if (status === 'deleting') throw this.#gone()
    })
  }

  /** Looks until the instance runs. Throws as soon as it is clear that its start failed. */
  awaitRunning(): Promise<Instance> {
    let wasStarting = false
    return this.#await('running', ({status, statusReasons}) => {
      if (status === 'deleting') throw this.#gone()
      if (status === 'starting') wasStarting = true
      const why = reasonsInWords(statusReasons)
      // It is `stopped` for a moment before its start shows; with a reason, or after that, the start has failed.
      if (status === 'failed' || (status === 'stopped' && (wasStarting || why !== ''))) {
        throw this.#startFailed(why || `it is ${status}`)
      }
    })
  }

  async #await(wanted: 'stopped' | 'running', check: (seen: Instance) => void): Promise<Instance> {
    const {now, sleep, stepTimeoutMs} = this.#options
    const deadline = now() + stepTimeoutMs
    let last = ''
    for (let looks = 0; ; looks++) {
      const seen = await this.#tryLook()
      // A look that failed proves nothing: the next one may tell.
      if (seen instanceof VpcmdError) last = seen.message
      else {
        if (seen.status === wanted) return seen
        check(seen)
        last = seen.status === undefined ? 'its status is unknown' : `it is ${seen.status}`
      }
      const left = deadline - now()
      if (left <= 0) {
        const why = `after ${stepTimeoutMs / 1000} s ${last}`
        throw wanted === 'stopped' ? this.#stopFailed(why) : this.#startFailed(why)
      }
      await sleep(Math.min(pauseAfter(looks, look.pauses), left))
    }
  }

  async #tryLook(): Promise<Instance | VpcmdError> {
    const {api} = this.#options
    const seen = await api.getInstance({id: this.#target.id}).catch(asVpcmdError)
    if (!(seen instanceof VpcmdError)) return seen.result
    if (seen.status === 404) throw this.#gone()
    return seen
  }

  async #send(type: 'start' | 'stop', signal?: AbortSignal): Promise<VpcmdError | undefined> {
    const {api} = this.#options
    const answer = await api.createInstanceAction({instanceId: this.#target.id, type, signal}).catch(asVpcmdError)
    return answer instanceof VpcmdError ? answer : undefined
  }

  #gone(): VpcmdError {
    return new VpcmdError({code: 'instance_gone', message: `${targetName(this.#target)} is no longer there.`})
  }

  #stopFailed(why: string, cause?: VpcmdError): VpcmdError {
    const what = 'was asked to stop, was not seen stopped, and may go down yet'
    const advice = this.#options.action === 'stop' ? 'Look at it again' : 'Look at it again, and start it if it is down'
    return this.#failed('stop_failed', `${what}: ${why}`, advice, cause)
  }

  #startFailed(why: string, cause?: VpcmdError): VpcmdError {
    const what =
      this.#options.action === 'start'
        ? 'was asked to start, and was not seen running'
        : 'IS DOWN: vpcmd stopped it, and it was not seen running again'
    return this.#failed('start_failed', `${what}: ${why}`, 'Try to start it again', cause)
  }

  #failed(code: string, what: string, advice: string, {trace, status}: Partial<VpcmdError> = {}): VpcmdError {
    const message = asSentence(`${targetName(this.#target)} ${what}`)
    return new VpcmdError({code, message, hint: `${advice}: ${this.#options.retryCommand}`, trace, status})
  }
}

/**
 * Whether a refusal is about what goes on at the instance just now: another change (409), or a status that does not fit
 * (400). Users met it for a start right after a stop (IBM-Cloud/terraform-provider-ibm#2541).
 */
function isOfTheMoment({status, code, message}: VpcmdError): boolean {
  return status === 409 || (status === 400 && /stat(e|us)|conflict|in progress|try again/i.test(`${code} ${message}`))
}
