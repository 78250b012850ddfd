import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkStdin} from '../../cli/check-stdin.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags, readCloud} from '../../cli/flags/cloud.ts'
import {readOutput} from '../../cli/flags/output.ts'
import {readRestart, restartFlags} from '../../cli/flags/restart.ts'
import {readRollout, refuseRegions, rolloutFlags} from '../../cli/flags/rollout.ts'
import {printOutcomes} from '../../cli/print-outcomes.ts'
import {isAgreed, planRestarts, showPreflights, withRestarts} from '../../cli/restart-instances.ts'
import {carryOut, foresight} from '../../cli/run-rollout.ts'
import {usageError} from '../../errors.ts'
import {inputLimits, inputName, readText} from '../../files/read-input.ts'
import {outcomesOfChanges} from '../../metadata/outcomes.ts'
import type {Plan} from '../../metadata/plan.ts'

export default class MetadataApply extends BaseCommand {
  static override summary = 'Make the changes of a plan, and nothing else.'
  static override description =
    `Each server is compared with the plan first: one that is no longer as the plan read it is a conflict and is left alone; one that is already as planned is unchanged.

The plan is shown, and asked for, unless --yes answers.

A plan never stops an instance. With --restart the running instances on which it turned the service on are stopped and started afterwards: what that risks is shown, and asked for by a question that --yes does not answer.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> plan.json',
    '<%= config.bin %> <%= command.id %> plan.json --yes --canary 5 --max-failures 1%',
  ]
  static override args = {
    plan: Args.string({required: true, description: 'A file that vpcmd metadata plan wrote; - is stdin.'}),
  }
  static override flags = {...cloudFlags, ...rolloutFlags, ...restartFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataApply)
    const {context} = this
    const rollout = readRollout(flags)
    refuseRegions(flags, 'a plan')
    checkStdin(flags, args.plan, 'plan')
    const options = {out: readOutput(flags), rollout, restart: readRestart(flags)}
    const plan = await readPlan(args.plan)
    const {changes} = plan
    const cloud = await connectCloud(context, readCloud(flags))
    const {account} = await cloud.caller()
    if (account !== plan.account) {
      throw usageError(
        `The plan was made in account ${plan.account}, and these credentials are of account ${account}.`,
        'Use an API key of that account, or make a new plan.',
      )
    }
    const regions = new Set(changes.map(({target}) => target.region))
    await Promise.all([...regions].map(name => cloud.region(name, 'the plan')))
    for (const unread of plan.unread ?? [])
      context.warning(`When the plan was made, something could not be read: ${unread}`)
    const seen = await foresight(cloud, rollout, changes, true)
    const due = seen ? changes.filter((_, index) => !seen[index]) : changes
    const restarts = await planRestarts(context, cloud, options.restart, {changes, due})
    if (seen) {
      if (restarts) await showPreflights(context, restarts)
      await printOutcomes(context, options.out, withRestarts(restarts, outcomesOfChanges(changes, seen), false))
      context.note('Nothing was sent: this was a dry run.')
      return
    }
    const many = `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`
    const question = `Make the ${many} of the plan of ${plan.createdAt}?`
    if (!(await isAgreed(context, options, question, changes, restarts))) return
    await carryOut(context, cloud, options, {
      command: 'apply',
      selection: `plan of ${plan.createdAt}: ${plan.selection}`,
      unread: plan.unread,
      changes,
      comparesNames: true,
      isFresh: false,
      restarts: changes.length > 0 ? restarts : undefined,
      outcomes: settled => withRestarts(restarts, outcomesOfChanges(changes, settled), true),
    })
  }
}

async function readPlan(file: string): Promise<Plan> {
  const [{parsePlan}, text] = await Promise.all([
    import('../../metadata/plan-file.ts'),
    readText(file, 'plan', inputLimits.plan),
  ])
  return parsePlan(text, inputName(file))
}
