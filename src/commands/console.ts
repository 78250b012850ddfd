import {BaseCommand} from '../cli/base-command.ts'
import {connectCloud} from '../cli/connect-cloud.ts'
import {printEnding, restartNeeded} from '../cli/ending.ts'
import {readChange} from '../cli/flags/change.ts'
import {cloudFlags} from '../cli/flags/cloud.ts'
import {runRollout} from '../cli/make-changes.ts'
import {runName} from '../cli/run-journal.ts'
import {findOrPick} from '../cli/select-instances.ts'
import {askSetting} from '../cli/wanted-settings.ts'
import type {Cloud} from '../cloud/cloud.ts'
import {withFields} from '../cloud/readers/instance.ts'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {instanceDetails, mainDetails} from '../instances/details.ts'
import type {FoundInstance} from '../instances/find-instance.ts'
import {floatingIpsFor, noFloatingIps} from '../instances/floating-ips.ts'
import {whereIs} from '../instances/list-instances.ts'
import {describeChange, settingsLabel, tunables, type WantedSettings} from '../instances/settings.ts'
import {asCandidate, changesIn, draftPlan} from '../metadata/plan.ts'
import type {Prompter} from '../terminal/prompts.ts'
import {inSteps, StepBack} from '../terminal/steps.ts'
import {renderRecord} from '../terminal/table.ts'

type Change = 'enable' | 'disable' | (typeof tunables)[number]
/** What is a command of its own, which asks its own questions. */
type Own = 'connect' | 'restart' | 'start' | 'stop'
type Action = Change | Own | 'all' | 'back' | 'quit'

export default class Console extends BaseCommand {
  static override summary = 'Pick instances and change their settings in menus. Same as vpcmd without arguments.'
  static override description = 'Esc goes one step back; at the list it leaves, as Ctrl-C does anywhere.'
  static override examples = ['<%= config.bin %>', '<%= config.bin %> --sandbox']

  static override flags = cloudFlags

  async run(): Promise<void> {
    const {flags} = await this.parse(Console)
    const prompter = await this.context.prompter()
    if (!prompter)
      throw usageError(
        `The console asks questions, and ${this.context.whyNobody}.`,
        'vpcmd --help lists the commands for scripts.',
      )
    const cloud = await connectCloud(this.context, flags)
    try {
      for (let goesOn = true; goesOn; ) {
        // Read anew each time, so that the list shows what was changed.
        const found = await findOrPick(this.context, cloud, undefined, 'Which instance?')
        goesOn = await this.workOn(found, cloud, prompter)
      }
    } catch (error) {
      if (!(error instanceof VpcmdError) || error.exitCode !== exitCodes.interrupted) throw error
      // Not "nothing was sent": that is true of the last question only.
      this.context.exitCode = this.context.host.interruptedCode()
    }
  }

  /** Offers what can be done with an instance until the user goes back (true) or leaves (false). */
  private async workOn(found: FoundInstance, cloud: Cloud, prompter: Prompter): Promise<boolean> {
    await this.showDetails(found, cloud)
    let present = found
    for (;;) {
      let action: Action = 'back'
      try {
        await inSteps(this.context, [
          async () => {
            action = await chooseAction(present, prompter)
            return true
          },
          async () => {
            if (action === 'all') await this.showDetails(present, cloud, true)
            else if (isOwn(action)) present = await this.runOwn(action, present, cloud)
            else if (action !== 'back' && action !== 'quit') {
              present = await this.change(present, action, cloud, prompter)
            }
            return true
          },
        ])
      } catch (error) {
        // Esc at the menu leads to the list.
        if (!(error instanceof StepBack)) throw error
        return true
      }
      if (action === 'back') return true
      if (action === 'quit') return false
    }
  }

  /** Runs a command on the instance as if it had been typed, and gives the instance as it is then. */
  private async runOwn(name: Own, {instance}: FoundInstance, cloud: Cloud): Promise<FoundInstance> {
    const which = instance.crn ?? instance.id
    const {default: command} = await own[name]()
    await this.context.undisturbed(() =>
      command.runOn([which, ...this.context.cloudWords], this.config, this.context.host),
    )
    // How it ended was said; how the console ends is another matter.
    this.context.exitCode = exitCodes.done
    return findOrPick(this.context, cloud, which, 'Which instance?')
  }

  /** Asks what is to be set, question by question, and makes the change: gives the instance as it is then. */
  private async change(found: FoundInstance, what: Change, cloud: Cloud, prompter: Prompter): Promise<FoundInstance> {
    const isPower = what === 'enable' || what === 'disable'
    const wanted: Record<string, unknown> = isPower ? {enabled: what === 'enable'} : {}
    const settings = what === 'enable' ? tunables : isPower ? [] : [what]
    let after = found
    await inSteps(this.context, [
      ...settings.map(setting => async () => {
        wanted[setting.name] = await askSetting(prompter, setting, [found.instance.settings])
        return true
      }),
      async () => {
        after = await this.changeOne(found, wanted, cloud, prompter)
        return true
      },
    ])
    return after
  }

  private async changeOne(
    found: FoundInstance,
    wanted: WantedSettings,
    cloud: Cloud,
    prompter: Prompter,
  ): Promise<FoundInstance> {
    const candidate = asCandidate({...found, asked: found.instance.id}, this.context.host.now())
    if ('error' in candidate) {
      this.context.error(candidate.error)
      return found
    }
    const changes = changesIn(draftPlan([candidate], wanted))
    const [change] = changes
    if (!change) {
      this.context.note('Already set: nothing was sent.')
      return found
    }
    const {before} = change
    if (
      !(await prompter.confirm({
        message: `${found.instance.name ?? found.instance.id}: ${describeChange(before, change.set)}. Go on?`,
      }))
    ) {
      this.context.note('Nothing was sent.')
      return found
    }
    const run = await runRollout(this.context, cloud, readChange({}), {
      command: 'console',
      selection: found.instance.id,
      changes,
      // Nobody knows for how long the menu has been open.
      isFresh: false,
    })
    const outcome = run?.settled[0]
    if (outcome?.error) this.context.error(outcome.error)
    if (!outcome?.after) return found
    const after = {...found.instance.settings, ...outcome.after}
    if (outcome.result === 'changed') {
      this.context.note(`Changed: ${describeChange(before, outcome.after)}`)
      if (run && !before.enabled && after.enabled) {
        const {id, name = ''} = found.instance
        printEnding(this.context, restartNeeded(cloud, [{asked: id, id, name}], await runName(this.context, run.id)))
      }
    }
    // The next change begins with what was seen now, and no ETag: that one is spent.
    return {region: found.region, instance: withFields(found.instance, {settings: after})}
  }

  /** Shows what tells an instance from others, or all that there is to tell of it. */
  private async showDetails({instance, region}: FoundInstance, cloud: Cloud, isAll = false): Promise<void> {
    const index = await floatingIpsFor(cloud.api(region), instance).catch((error: unknown) => {
      if (!(error instanceof VpcmdError)) throw error
      this.context.warning(error.message)
      return noFloatingIps
    })
    const listed = {instance, ...whereIs(region), floatingIps: undefined}
    const rows = isAll ? instanceDetails(listed, index) : mainDetails(listed, index)
    // A menu follows at once: nobody wants to leave a pager first.
    this.context.print(`${renderRecord(rows, this.context.canvas())}\n`, false)
  }
}

const own = {
  connect: () => import('./connect.ts'),
  restart: () => import('./instances/restart.ts'),
  start: () => import('./instances/start.ts'),
  stop: () => import('./instances/stop.ts'),
} satisfies Record<Own, () => Promise<{default: {runOn: typeof BaseCommand.runOn}}>>

const ownWords: Record<Own, string> = {
  connect: 'Connect with ssh',
  restart: 'Stop and start it',
  start: 'Start it',
  stop: 'Stop it',
}

/** Those that make sense in a status. */
function ownIn(status: string | undefined): Own[] {
  if (status === 'running') return ['connect', 'restart', 'stop']
  return status === 'stopped' ? ['start'] : []
}

function isOwn(action: Action): action is Own {
  return typeof action === 'string' && Object.hasOwn(own, action)
}

function chooseAction({instance}: FoundInstance, prompter: Prompter): Promise<Action> {
  return prompter.choose<Action>({
    message: `${instance.name ?? instance.id}: metadata service ${settingsLabel(instance.settings)}`,
    choices: [
      instance.settings.enabled
        ? {name: 'Disable the metadata service', value: 'disable'}
        : {name: 'Enable the metadata service', value: 'enable'},
      ...tunables.map(setting => ({
        name: `Change the ${setting.word} (${instance.settings[setting.name] ?? 'unknown'})`,
        value: setting,
      })),
      ...ownIn(instance.status).map(value => ({name: ownWords[value], value})),
      {name: 'Show all details', value: 'all'},
      {name: 'Back to the list', value: 'back'},
      {name: 'Quit', value: 'quit'},
    ],
  })
}
