import type {Cloud} from '../cloud/cloud.ts'
import {serverKey} from '../cloud/regions.ts'
import {countEach} from '../counted.ts'
import {targetName} from '../instances/references.ts'
import type {Outcome, Restarted} from './outcomes.ts'
import type {PlannedChange, Target} from './plan.ts'
import type {Preflight} from './preflight.ts'
import type {RestartOptions, RestartsEnding, RestartWork} from './restart.ts'
import type {RolloutResult, Work} from './rollout.ts'

/** Whether instances are stopped and started, and how. */
export interface RestartPolicy {
  isWanted: boolean
  acceptsDowntime: boolean
  acceptsDataLoss: boolean
  /** How many instances of a VPC may be down at a time, of so many in the run. */
  maxUnavailable(ofVpc: number): number
  stepTimeoutMs: number
}

/** What a run has to know for its restarts. */
export interface RestartRequest {
  /** All changes of the run: a share of what may be down is of these. */
  changes: PlannedChange[]
  /** Those that are still to be made. */
  due: PlannedChange[]
  /** Those of an earlier try whose service is on by now, and which await their restart. */
  awaiting?: RestartWork[]
  /** Those that an earlier try has asked to stop: they are brought back first, whatever the flags say. */
  begun?: RestartWork[]
  /** What became of others in an earlier try, by `serverKey`. */
  earlier?: Map<string, Restarted>
}

/** A server whose private address changed. */
export type Moved = {name: string} & Required<Pick<Restarted, 'address'>>

/** The restarts of a run: what they would cost, and what became of them. */
export class RestartPlan {
  readonly begun: RestartWork[]
  readonly #awaiting: RestartWork[]
  readonly #policy: RestartPolicy
  /** By `serverKey`; of each that is to be, or will have been, turned on. */
  readonly #preflights: Map<string, Preflight>
  readonly #restarted: Map<string, Restarted>
  readonly #ofVpc: Map<string, number>
  readonly #endings: RestartsEnding[] = []

  /** Reads what stops and starts would cost; undefined where none was asked for and none was begun. */
  static async read(
    cloud: Cloud,
    policy: RestartPolicy,
    request: RestartRequest,
    onReading: (count: number) => void,
  ): Promise<RestartPlan | undefined> {
    const {due, awaiting = [], begun = []} = request
    if (!policy.isWanted && begun.length === 0) return undefined
    const targets = policy.isWanted ? [...awaiting.map(({target}) => target), ...turnedOnBy(due, begun)] : []
    onReading(targets.length)
    const {readPreflight} = await import('./preflight.ts')
    return new RestartPlan(policy, request, await readPreflight(cloud, targets, policy.acceptsDataLoss))
  }

  private constructor(policy: RestartPolicy, request: RestartRequest, preflights: Preflight[]) {
    this.#policy = policy
    this.begun = request.begun ?? []
    this.#awaiting = request.awaiting ?? []
    this.#restarted = new Map(request.earlier)
    this.#preflights = new Map(preflights.map(each => [serverKey(each.target), each]))
    const instances = request.changes.filter(({target}) => target.kind === 'instance')
    this.#ofVpc = countEach(instances.map(({target}) => target.vpc.id))
  }

  /** What may be stopped and started. */
  get going(): Preflight[] {
    return [...this.#preflights.values()].filter(({leftOut}) => leftOut === undefined)
  }

  /** What is not stopped, for a reason of its own. */
  get leftOut(): Preflight[] {
    return [...this.#preflights.values()].filter(({leftOut}) => leftOut !== undefined)
  }

  maxUnavailable(vpc: string): number {
    return this.#policy.maxUnavailable(this.#ofVpc.get(vpc) ?? 1)
  }

  /** Nothing more is stopped: only what was begun before is brought back. */
  cancel(): void {
    this.#preflights.clear()
  }

  /** Why restarts ended before they were through, if they did, and whether they leave what the run is resumed for. */
  get ending(): Pick<RestartsEnding, 'stop' | 'error'> & {leavesWork: boolean} {
    return {
      stop: this.#endings.find(each => each.stop)?.stop,
      error: this.#endings.find(each => each.error)?.error,
      leavesWork: this.#endings.some(({restarted}) => [...restarted.values()].some(({result}) => result === 'failed')),
    }
  }

  /**
   * What is to be restarted once changes are settled: what they turned on, and what awaited it before. None where
   * something has failed before; they are skipped then.
   */
  dueAfter(work: Work[], {settled, stop}: RolloutResult): RestartWork[] {
    const turnedOn = work.flatMap(({i, change: {target, before, tags}}, index): RestartWork[] => {
      const isTurnedOn = settled[index]?.result === 'changed' && settled[index].after?.enabled && !before.enabled
      return isTurnedOn ? [{i, target, tags}] : []
    })
    const going = new Set(this.going.map(({target}) => serverKey(target)))
    const due = [...this.#awaiting, ...turnedOn].filter(({target}) => going.has(serverKey(target)))
    if (!stop && this.ending.stop === undefined) return due
    const reason = stop ? 'the run ended before its turn' : 'another restart failed before its turn'
    for (const {target} of due) this.#restarted.set(serverKey(target), {result: 'skipped', reason})
    return []
  }

  /** Stops and starts instances, and keeps what became of them. */
  async restart(
    cloud: Cloud,
    work: RestartWork[],
    options: Omit<RestartOptions, 'maxUnavailable' | 'acceptsDataLoss' | 'stepTimeoutMs'>,
  ): Promise<void> {
    const {restartAll} = await import('./restart.ts')
    const {acceptsDataLoss, stepTimeoutMs} = this.#policy
    const maxUnavailable = (vpc: string) => this.maxUnavailable(vpc)
    const ending = await restartAll(cloud, work, {...options, maxUnavailable, acceptsDataLoss, stepTimeoutMs})
    this.#endings.push(ending)
    for (const [key, restarted] of ending.restarted) this.#restarted.set(key, restarted)
  }

  /** The outcomes with what became of the restarts, or is planned of them before the run is done. */
  addTo(outcomes: Outcome[], isDone: boolean): Outcome[] {
    return outcomes.map(outcome => ({...outcome, restart: this.#outcomeOf(serverKey(outcome.target), isDone)}))
  }

  /** What a summary says of restarts: how many ended how, in words, and which private addresses changed. */
  summary(): {counts: Map<Restarted['result'], number>; moved: Moved[]} {
    const known = new Map([...this.#preflights.values()].map(({target}) => [serverKey(target), target]))
    for (const {target} of [...this.begun, ...this.#awaiting]) known.set(serverKey(target), target)
    const restarts = [...known].flatMap(([key, target]) => {
      const restart = this.#outcomeOf(key, true)
      return restart ? [{...restart, name: targetName(target)}] : []
    })
    return {
      counts: countEach(restarts.map(({result}) => result)),
      moved: restarts.flatMap(({name, address}) => (address ? [{name, address}] : [])),
    }
  }

  #outcomeOf(key: string, isDone: boolean): Restarted | null {
    const restarted = this.#restarted.get(key)
    const preflight = this.#preflights.get(key)
    const risks = preflight && preflight.risks.length > 0 && {risks: preflight.risks}
    if (restarted) return {...restarted, ...risks}
    if (!preflight) return null
    if (preflight.leftOut !== undefined) return {result: 'left_out', reason: preflight.leftOut, ...risks}
    if (!isDone) return {result: 'planned', ...risks}
    return {result: 'skipped', reason: 'this run did not enable its service', ...risks}
  }
}

/** The instances that changes turn on, without those whose restart has begun. */
function turnedOnBy(changes: PlannedChange[], begun: RestartWork[]): Target[] {
  const known = new Set(begun.map(({target}) => serverKey(target)))
  return changes.flatMap(({target, before, set}) => {
    const isTurnedOn = target.kind === 'instance' && set.enabled === true && !before.enabled
    return isTurnedOn && !known.has(serverKey(target)) ? [target] : []
  })
}
