import type {Cloud} from '../cloud/cloud.ts'
import {counted} from '../counted.ts'
import {usageError} from '../errors.ts'
import type {Journal} from '../metadata/journal.ts'
import type {PowerAction} from '../metadata/plan.ts'
import type {Preflight} from '../metadata/preflight.ts'
import type {RestartOptions, RestartWork} from '../metadata/restart.ts'
import {RestartPlan, type RestartPolicy, type RestartRequest} from '../metadata/restart-plan.ts'
import type {Context} from './context.ts'
import type {ChangePolicy} from './flags/change.ts'
import {accountOf} from './show-changes.ts'

const mostShown = 20
const mostNamed = 5

/** Reads what stops and starts would cost; undefined where none was asked for and none was begun. */
export function planRestarts(
  context: Context,
  cloud: Cloud,
  policy: RestartPolicy,
  request: RestartRequest,
): Promise<RestartPlan | undefined> {
  return RestartPlan.read(cloud, policy, request, count => {
    if (count > mostShown) context.note(`Checking what a restart would cost ${count} instances.`)
  })
}

/** Shows what the stops and starts would cost, and asks the question that --yes does not answer. */
export async function mayRestart(
  context: Context,
  {restart, yes}: Pick<ChangePolicy, 'restart' | 'yes'>,
  plan: RestartPlan | undefined,
): Promise<boolean> {
  if (!restart.isWanted || !plan) return true
  await showPreflights(context, plan)
  const left = plan.begun.length > 0 ? 'No other instance was stopped.' : 'Nothing was sent.'
  return confirmDowntime(context, restart, {action: 'restart', going: plan.going, asked: 'restarts', left, yes})
}

/** What an action does, for the question before it. */
export const powerVerbs = {start: 'Start', stop: 'Stop', restart: 'Stop and start'} satisfies Record<
  PowerAction,
  string
>

interface DowntimeQuestion {
  action: PowerAction
  going: Preflight[]
  /** What --yes does not cover, and what was done where nobody can answer, in words. */
  asked: string
  left: string
  /** Whether --yes was given. */
  yes: boolean
}

/** Asks before instances go down, unless the flags answer: --yes does not. Throws a usage error where nobody can answer. */
export async function confirmDowntime(
  context: Context,
  {acceptsDowntime, acceptsDataLoss}: RestartPolicy,
  {action, going, asked, left, yes}: DowntimeQuestion,
): Promise<boolean> {
  const {losesData} = await import('../metadata/preflight.ts')
  if (going.length === 0 || acceptsDowntime || (acceptsDataLoss && going.every(losesData))) return true
  const question = `${powerVerbs[action]} ${counted(going.length, 'instance')}?`
  const prompter = await context.prompter()
  if (prompter) {
    if (yes) context.note(`--yes does not cover ${asked}: --accept-downtime does.`)
    return prompter.confirm({message: question})
  }
  throw usageError(
    `Can't ask for a confirmation, as ${context.whyNobody}, and --yes does not cover ${asked}: ${question} ${left}`,
    'Pass --accept-downtime to confirm.',
  )
}

/** Shows on stderr, instance by instance, what a stop and start risks. */
export async function showPreflights(
  context: Context,
  plan: Pick<RestartPlan, 'going' | 'leftOut' | 'maxUnavailable'>,
  action: PowerAction = 'restart',
): Promise<void> {
  const {countRisks, riskKinds} = await import('../metadata/preflight.ts')
  const {going, leftOut} = plan
  const severity = ({risks: [worst]}: Preflight) => (worst ? riskKinds.indexOf(worst.kind) : riskKinds.length)
  const show = (some: Preflight[], describe: (each: Preflight) => string) => {
    const groups = new Map<string, Preflight[]>()
    for (const each of some) {
      const text = describe(each)
      const group = groups.get(text)
      if (group) group.push(each)
      else groups.set(text, [each])
    }
    const shown = [...groups].slice(0, mostShown)
    for (const [text, all] of shown) context.note(`  ${whichOf(context, all)}: ${text}`)
    const more = some.length - shown.reduce((sum, [, all]) => sum + all.length, 0)
    if (more > 0) context.note(`  ${context.symbols.ellipsis} and ${more} more; see all with --dry-run -o json`)
  }
  if (going.length > 0) {
    const count = counted(going.length, 'instance')
    const limits = [...new Set(going.map(({target}) => plan.maxUnavailable(target.vpc.id)))].sort((a, b) => a - b)
    const will = {
      start: `Will start ${count}.`,
      stop: `Will stop ${count}. Each stays down until it is started.`,
      restart: `Will restart ${count}, at most ${limits.join(' to ')} per VPC at a time. Each is down meanwhile.`,
    }
    context.note(will[action])
    const worstFirst = [...going].sort((a, b) => severity(a) - severity(b))
    show(worstFirst, ({risks}) => risks.map(({text}) => text).join('; ') || 'no risk that its settings show')
    const counts = countRisks(going).map(([kind, count]) => `${kind} ${count}`)
    if (going.length > mostShown) context.note(`  Risks: ${counts.join(', ')}`)
    context.note(addressNote)
  }
  if (leftOut.length > 0) {
    context.note(`Will not ${action} ${counted(leftOut.length, 'instance')}.`)
    show(leftOut, each => each.leftOut ?? '')
  }
  if (going.length + leftOut.length === 0) {
    context.note('Nothing to restart: no service is being enabled.')
    context.note('To restart what was enabled earlier: vpcmd instances restart INSTANCE')
  }
}

/** Some instances in words: with IDs where names alone would not tell them apart, and only the first of many. */
function whichOf(context: Context, some: Preflight[]): string {
  const names = new Set(some.map(({target}) => target.name))
  const shown = some.slice(0, mostNamed).map(({target: {name, id, zone, account}}) => {
    const whose = account === undefined ? [] : [`account ${accountOf(context, account)}`]
    return `${name} (${[...(some.length === 1 || names.size < some.length ? [id] : []), zone, ...whose].join(', ')})`
  })
  if (some.length === 1) return shown.join()
  const more = some.length > mostNamed ? `, and ${some.length - mostNamed} more` : ''
  return `${counted(some.length, 'instance')}, ${shown.join(', ')}${more}`
}

/** The API does not tell which instances have a fixed address (ibm-cloud-docs/vpc-infrastructure-cli-plugin, instance-stop). */
const addressNote =
  '  An instance without a fixed private address gets another one when it starts; the API does not tell which these are.'

/** Restarts instances in a run, with a progress bar. `id` is the run's. */
export async function restartInstances(
  context: Context,
  cloud: Cloud,
  plan: RestartPlan,
  work: RestartWork[],
  underWay: RunUnderWay,
): Promise<void> {
  if (work.length === 0) return
  const {now, sleep} = context.host
  await withRestartProgress(context, 'restart', underWay, options =>
    plan.restart(cloud, work, {...options, now, sleep}),
  )
}

interface RunUnderWay {
  id: string
  journal: Journal
  interrupted: AbortSignal
}

const progressWords = {
  start: {verb: 'Starting', down: 'starting', left: 'be starting'},
  stop: {verb: 'Stopping', down: 'stopping', left: 'be stopping'},
  restart: {verb: 'Restarting', down: 'down', left: 'be down'},
} satisfies Record<PowerAction, object>

/** Has instances started or stopped, with a progress bar, and a word on what may be down where it is ended at once. */
export async function withRestartProgress<T>(
  context: Context,
  action: PowerAction,
  {id, journal, interrupted}: RunUnderWay,
  run: (
    options: Pick<RestartOptions, 'journal' | 'retryCommand' | 'interrupted' | 'onProgress' | 'onFailure'>,
  ) => Promise<T>,
): Promise<T> {
  const words = progressWords[action]
  const retryCommand = `vpcmd metadata resume ${id}`
  const bar = context.beginProgress(words.verb)
  const stopListening = warnBeforeLeaving(context, action, interrupted, retryCommand)
  try {
    return await run({
      journal,
      retryCommand,
      interrupted,
      onProgress: ({total, done, down, failed}) => {
        const details = [`${down} ${words.down}`, ...(failed > 0 ? [`${failed} failed`] : [])]
        bar.update({total, done, details})
      },
      // At once, before anything else: the instance is down.
      onFailure: error => context.error(error),
    })
  } finally {
    stopListening()
    context.endProgress()
  }
}

/** After the first Ctrl-C the second ends it at once, but not without a word on what may be down. */
function warnBeforeLeaving(
  context: Context,
  action: PowerAction,
  interrupted: AbortSignal,
  retryCommand: string,
): () => void {
  let dispose: (() => void) | undefined
  const listen = () => {
    const more = action === 'start' ? 'No more instances are started.' : 'No more instances are stopped.'
    const what =
      action === 'restart' ? 'vpcmd starts those that are down and waits for them.' : 'vpcmd waits for the others.'
    context.note(`${more} ${what}`)
    dispose = context.host.onEnding(() => {
      const finish = action === 'restart' ? 'To start them' : 'Finish it with'
      context.note(`Stopped vpcmd while instances may ${progressWords[action].left}. ${finish}: ${retryCommand}`)
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
