import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkStdin} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {readChange, refuseRegions, restartFlags, rolloutFlags} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {makeChanges} from '../../cli/make-changes.ts'
import {breachesOf, countBreaches, policyFlag, readPolicy} from '../../cli/policy-file.ts'
import {counted} from '../../counted.ts'
import {usageError} from '../../errors.ts'
import {inputLimits, inputName, readText} from '../../files/read-input.ts'
import {countChanges} from '../../instances/settings.ts'
import {outcomesOfChanges} from '../../metadata/outcomes.ts'
import type {Plan} from '../../metadata/plan.ts'

export default class MetadataApply extends BaseCommand {
  static override summary = 'Make exactly the changes of a plan.'
  static override description =
    `vpcmd compares each server with the plan first. A server that has changed since the plan was made is a conflict and is left alone. A server that is already as planned is reported as unchanged.

vpcmd shows the plan and asks before it changes anything, unless you pass --yes.

A plan never stops an instance. With --restart, vpcmd then stops and starts the running instances on which it enabled the service. It shows the risks and asks first; --yes does not skip that question.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> plan.json',
    '<%= config.bin %> <%= command.id %> plan.json --yes --canary 5 --max-failures 1%',
  ]
  static override args = {
    plan: Args.string({required: true, description: 'File written by vpcmd metadata plan; - is stdin.'}),
  }
  static override flags = {...cloudFlags, ...policyFlag, ...rolloutFlags, ...restartFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataApply)
    const {context} = this
    refuseRegions(flags, 'a plan')
    checkStdin(flags, {plan: args.plan, policy: flags.policy})
    const policy = readChange(flags)
    const {account: planned, createdAt, selection, unread, changes} = await readPlan(args.plan)
    const rules = flags.policy === undefined ? undefined : await readPolicy(flags.policy, context.env)
    const cloud = await connectCloud(context, flags)
    const {account} = await cloud.caller({isFresh: true})
    if (account !== planned) {
      throw usageError(
        `The plan was made in account ${planned}, and these credentials are of account ${account}.`,
        'Use an API key of that account, or make a new plan.',
      )
    }
    const regions = new Set(changes.map(({target}) => target.region))
    await Promise.all([...regions].map(name => cloud.region(name, 'the plan')))
    for (const what of unread ?? []) context.warning(`The plan is incomplete, as this could not be read: ${what}`)
    const breaches = await breachesOf(context, cloud, rules, changes)
    await makeChanges(context, cloud, policy, {
      command: 'apply',
      selection: `plan of ${createdAt}: ${selection}`,
      unread,
      changes,
      comparesNames: true,
      isFresh: false,
      breaches,
      question: `Make the ${counted(changes.length, 'change')} of the plan of ${createdAt} (${countChanges(changes)}${countBreaches(breaches)})?`,
      outcomes: settled => outcomesOfChanges(changes, settled),
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
