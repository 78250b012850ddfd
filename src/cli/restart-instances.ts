import type {Cloud} from '../cloud/cloud.ts'
import {usageError, type VpcmdError} from '../errors.ts'
import type {Journal} from '../metadata/journal.ts'
import type {Outcome, Restarted} from '../metadata/outcomes.ts'
import {type PlannedChange, type Target, targetName} from '../metadata/plan.ts'
import type {Preflight} from '../metadata/preflight.ts'
import type {RestartsEnding, RestartWork} from '../metadata/restart.ts'
import type {RolloutResult, Work} from '../metadata/rollout.ts'
import {bold, red} from '../terminal/style.ts'
import {isConfirmed} from './confirm-changes.ts'
import type {Context} from './context.ts'
import type {RestartPolicy} from './flags/restart.ts'
import type {RolloutPolicy} from './flags/rollout.ts'

/** A run whose journal is open. */
interface RunUnderWay {
  id: string
  journal: Journal
  interrupted: AbortSignal
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
  /** What became of others in an earlier try. */
  earlier?: Map<string, Restarted>
}

/** The restarts of a run: what they would cost, and what became of them. */
export interface RestartPlan extends RestartRequest {
  /** By the instance's ID; of each that is to be, or will have been, turned on. */
  preflights: Map<string, Preflight>
  restarted: Map<string, Restarted>
  maxUnavailable: (vpc: string) => number
  policy: RestartPolicy
  /** How those ended that were made. */
  endings: RestartsEnding[]
}

/**
 * Reads what stops and starts would cost; undefined where none was asked for and none was begun.
 */
export async function planRestarts(
  context: Context,
  cloud: Cloud,
  policy: RestartPolicy,
  request: RestartRequest,
): Promise<RestartPlan | undefined> {
  const {changes, due, awaiting = [], begun = [], earlier} = request
  if (!policy.isWanted && begun.length === 0) return undefined
  const targets = policy.isWanted ? [...awaiting.map(({target}) => target), ...toBeTurnedOn(due, begun)] : []
  if (targets.length > mostShown) context.note(`Reading what a stop would cost ${targets.length} instances.`)
  const {readPreflight} = await import('../metadata/preflight.ts')
  const preflights = await readPreflight(cloud, targets, policy.acceptsDataLoss)
  const ofVpc = new Map<string, number>()
  for (const {target} of changes) {
    if (target.kind === 'instance') ofVpc.set(target.vpc.id, (ofVpc.get(target.vpc.id) ?? 0) + 1)
  }
  return {
    ...request,
    preflights: new Map(preflights.map(each => [each.target.id, each])),
    restarted: new Map(earlier),
    maxUnavailable: vpc => policy.maxUnavailable(ofVpc.get(vpc) ?? 1),
    policy,
    endings: [],
  }
}

/** Asks whether to make changes, where there is a question, and whether to stop and start; says so where not. */
export async function isAgreed(
  context: Context,
  {rollout, restart}: {rollout: RolloutPolicy; restart: RestartPolicy},
  question: string | undefined,
  changes: PlannedChange[],
  restarts: RestartPlan | undefined,
): Promise<boolean> {
  const mayChange = question === undefined || (await isConfirmed(context, rollout, question, changes))
  const mayGoOn = mayChange && (await mayRestart(context, restart, restarts))
  if (!mayGoOn) context.note('Nothing was sent.')
  return mayGoOn
}

/** Shows what the stops and starts would cost, and asks the question that --yes does not answer. */
export async function mayRestart(
  context: Context,
  policy: RestartPolicy,
  plan: RestartPlan | undefined,
): Promise<boolean> {
  if (!policy.isWanted || !plan) return true
  const {losesData} = await import('../metadata/preflight.ts')
  await showPreflights(context, plan)
  const going = goingIn(plan)
  if (going.length === 0) return true
  const needsNoAnswer = policy.acceptsDataLoss && going.every(losesData)
  if (policy.acceptsDowntime || needsNoAnswer) return true
  const question = `Stop and start ${counted(going.length)}?`
  const prompter = await context.prompter()
  if (!prompter) {
    throw usageError(
      `${question} Nobody can answer without a terminal, and --yes does not: ${plan.begun?.length ? 'no other is stopped' : 'nothing was sent'}.`,
      'Pass --accept-downtime to answer yes.',
    )
  }
  return prompter.confirm({message: question})
}

/** Tells on stderr, instance by instance, what a stop and start risks. */
export async function showPreflights(context: Context, plan: RestartPlan): Promise<void> {
  const {countRisks, riskKinds} = await import('../metadata/preflight.ts')
  const all = [...plan.preflights.values()]
  const going = goingIn(plan)
  const leftOut = all.filter(each => each.leftOut !== undefined)
  const severity = ({risks}: Preflight) => {
    const [worst] = risks
    return worst ? riskKinds.indexOf(worst.kind) : riskKinds.length
  }
  const show = (some: Preflight[], describe: (each: Preflight) => string) => {
    for (const each of some.slice(0, mostShown)) {
      context.note(`  ${each.target.name} (${each.target.id}, ${each.target.zone}): ${describe(each)}`)
    }
    if (some.length > mostShown) context.note(`  … and ${some.length - mostShown} more; --dry-run -o json has all`)
  }
  if (going.length > 0) {
    const limits = [...new Set(going.map(({target}) => plan.maxUnavailable(target.vpc.id)))].sort((a, b) => a - b)
    context.note(
      `Will restart ${going.length}, at most ${limits.join(' to ')} of a VPC at a time; each is down meanwhile.`,
    )
    const worstFirst = [...going].sort((a, b) => severity(a) - severity(b))
    show(worstFirst, ({risks}) => risks.map(({text}) => text).join('; ') || 'nothing that its settings tell')
    const counts = countRisks(going).map(([kind, count]) => `${kind} ${count}`)
    if (going.length > mostShown) context.note(`  Risks: ${counts.join(', ')}`)
    context.note(addressNote)
  }
  if (leftOut.length > 0) {
    context.note(`Not to be stopped and started: ${leftOut.length}.`)
    show(leftOut, each => each.leftOut ?? '')
  }
  if (all.length === 0) {
    context.note('Nothing is to be stopped and started: this turns no service on.')
    context.note('For what an earlier run turned on: vpcmd metadata resume RUN --restart')
  }
}

/** The outcomes with what became of the restarts; as they are where there is no plan of any. */
export function withRestarts(plan: RestartPlan | undefined, outcomes: Outcome[], isDone: boolean): Outcome[] {
  if (!plan) return outcomes
  return outcomes.map(outcome => ({...outcome, restart: restartOf(plan, outcome.target?.id ?? '', isDone)}))
}

/** Restarts what an earlier try has asked to stop, before anything else. */
export async function restartBegun(context: Context, cloud: Cloud, plan: RestartPlan, run: RunUnderWay): Promise<void> {
  if (plan.begun?.length) await restartInstances(context, cloud, plan, plan.begun, run)
}

/** Restarts what was turned on, unless something has failed before. */
export async function restartDue(
  context: Context,
  cloud: Cloud,
  plan: RestartPlan,
  run: RunUnderWay,
  work: Work[],
  {settled, stop}: RolloutResult,
): Promise<void> {
  const turnedOn = work.flatMap(({i, change: {target, before}}, index): RestartWork[] => {
    const isTurnedOn = settled[index]?.result === 'changed' && settled[index].after?.enabled && !before.enabled
    return isTurnedOn ? [{i, target}] : []
  })
  const due = [...(plan.awaiting ?? []), ...turnedOn].filter(({target}) => {
    const preflight = plan.preflights.get(target.id)
    return preflight && preflight.leftOut === undefined
  })
  const hasFailed = endOfRestarts(plan).stop !== undefined
  if (due.length > 0 && !stop && !hasFailed) return restartInstances(context, cloud, plan, due, run)
  const reason = stop ? 'the run ended before its turn' : 'another restart failed before its turn'
  for (const {target} of due) plan.restarted.set(target.id, {result: 'skipped', reason})
}

/** Why restarts ended before they were through, if they did, and whether they leave what the run has to be resumed for. */
export function endOfRestarts({endings}: RestartPlan): Pick<RestartsEnding, 'stop' | 'error'> & {leavesWork: boolean} {
  return {
    stop: endings.find(each => each.stop)?.stop,
    error: endings.find(each => each.error)?.error,
    leavesWork: endings.some(({restarted}) => [...restarted.values()].some(({result}) => result === 'failed')),
  }
}

async function restartInstances(
  context: Context,
  cloud: Cloud,
  plan: RestartPlan,
  work: RestartWork[],
  {id, journal, interrupted}: RunUnderWay,
): Promise<void> {
  const {restartAll} = await import('../metadata/restart.ts')
  const retryCommand = `vpcmd metadata resume ${id}`
  const bar = context.beginProgress('Restarting')
  const stopListening = warnBeforeLeaving(context, interrupted, retryCommand)
  try {
    const ending = await restartAll(cloud, work, {
      journal,
      maxUnavailable: plan.maxUnavailable,
      acceptsDataLoss: plan.policy.acceptsDataLoss,
      stepTimeoutMs: plan.policy.stepTimeoutMs,
      retryCommand,
      interrupted,
      onProgress: ({total, done, down, failed}) => {
        const details = [`${down} down`, ...(failed > 0 ? [`${failed} failed`] : [])]
        bar.update({total, done, details})
      },
      onFailure: error => reportFailure(context, error),
      now: context.host.now,
      sleep: context.host.sleep,
    })
    plan.endings.push(ending)
    for (const [server, restarted] of ending.restarted) plan.restarted.set(server, restarted)
  } finally {
    stopListening()
    context.endProgress()
  }
}

/** After the first Ctrl-C the second ends it at once, but not without a word on what may be down. */
function warnBeforeLeaving(context: Context, interrupted: AbortSignal, retryCommand: string): () => void {
  let dispose: (() => void) | undefined
  const listen = () => {
    context.note('No more instances are stopped; those that are down are started and awaited.')
    dispose = context.host.onEnding(() => {
      context.note(`Ended while instances may be down. Start those that this run stopped: ${retryCommand}`)
      context.host.exit(context.host.interruptedCode())
    })
  }
  if (interrupted.aborted) listen()
  else interrupted.addEventListener('abort', listen, {once: true})
  return () => {
    interrupted.removeEventListener('abort', listen)
    dispose?.()
  }
}

/** Tells at once, before anything else, of an instance that is down. */
function reportFailure(context: Context, error: VpcmdError): void {
  const label = 'Error: '
  context.note(error.inOneLine, context.colorsNotes ? bold(red(label)) : label)
}

const mostShown = 20

/** The API does not tell which instances have a fixed address (ibm-cloud-docs/vpc-infrastructure-cli-plugin, instance-stop). */
const addressNote =
  "  IBM's CLI reference: an instance whose private address was not fixed when it was made gets another one at its start. The API does not tell which; vpcmd reports those that changed."

function goingIn({preflights}: RestartPlan): Preflight[] {
  return [...preflights.values()].filter(({leftOut}) => leftOut === undefined)
}

/** The instances that changes turn on, without those whose restart has begun. */
function toBeTurnedOn(changes: PlannedChange[], begun: RestartWork[]): Target[] {
  const known = new Set(begun.map(({target}) => target.id))
  return changes.flatMap(({target, before, set}) => {
    const isTurnedOn = target.kind === 'instance' && set.enabled === true && !before.enabled
    return isTurnedOn && !known.has(target.id) ? [target] : []
  })
}

function restartOf(plan: RestartPlan, id: string, isDone: boolean): Restarted | null {
  const restarted = plan.restarted.get(id)
  const preflight = plan.preflights.get(id)
  const risks = preflight && preflight.risks.length > 0 && {risks: preflight.risks}
  if (restarted) return {...restarted, ...risks}
  if (!preflight) return null
  if (preflight.leftOut !== undefined) return {result: 'left_out', reason: preflight.leftOut, ...risks}
  if (!isDone) return {result: 'planned', ...risks}
  return {result: 'skipped', reason: 'this run did not turn its service on', ...risks}
}

/** What the summary says of restarts: counts, addresses that changed, and how to go on. */
export function describeRestarts(plan: RestartPlan, id: string): string[] {
  const known = new Map([...plan.preflights.values()].map(({target}) => [target.id, target]))
  for (const {target} of [...(plan.begun ?? []), ...(plan.awaiting ?? [])]) known.set(target.id, target)
  const counts = new Map<string, number>()
  const lines: string[] = []
  for (const [server, target] of known) {
    const restart = restartOf(plan, server, true)
    if (!restart) continue
    const words = restart.result.replace('_', ' ')
    counts.set(words, (counts.get(words) ?? 0) + 1)
    const {address} = restart
    if (address)
      lines.push(`${targetName(target)} has another private address: ${address.before} before, ${address.after} now.`)
  }
  const skipped = counts.get('skipped') ?? 0
  const list = [...counts].map(([words, count]) => `${count} ${words}`).join(', ')
  return [
    ...(list ? [`Restarts: ${list}.`] : []),
    ...lines,
    ...(skipped > 0 ? [`Stop and start the others with: vpcmd metadata resume ${id} --restart`] : []),
  ]
}

function counted(count: number): string {
  return `${count} ${count === 1 ? 'instance' : 'instances'}`
}
