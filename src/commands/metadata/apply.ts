import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkStdin} from '../../cli/check-files.ts'
import {connectCloud, signIn} from '../../cli/connect-cloud.ts'
import {readChange, refuseRegions, restartFlags, rolloutFlags} from '../../cli/flags/change.ts'
import {type CloudFlags, cloudFlagsBut} from '../../cli/flags/cloud.ts'
import {makeChanges} from '../../cli/make-changes.ts'
import {breachesIn, breachesOf, countBreaches, policyFlag, readPolicy} from '../../cli/policy-file.ts'
import type {Cloud} from '../../cloud/cloud.ts'
import {counted} from '../../counted.ts'
import {asVpcmdError} from '../../errors.ts'
import {type InputHost, inputLimits, inputName, readText} from '../../files/read-input.ts'
import {countChanges} from '../../instances/settings.ts'
import {outcomesOfChanges, type Settled} from '../../metadata/outcomes.ts'
import type {Plan, PlannedChange} from '../../metadata/plan.ts'
import {otherAccount} from '../../metadata/runs.ts'
import {readableTime} from '../../terminal/time.ts'

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
  static override flags = {...cloudFlagsBut(['region']), ...policyFlag, ...rolloutFlags, ...restartFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataApply)
    const {context} = this
    refuseRegions(flags, 'a plan')
    checkStdin(flags, {plan: args.plan, policy: flags.policy})
    const policy = readChange(flags)
    const plan = await readPlan(context.host, args.plan)
    const {account: planned, createdAt, selection, unread} = plan
    const rules = flags.policy === undefined ? undefined : await readPolicy(context.host, flags.policy)
    const cloud = await this.cloudOf(plan, flags)
    const isOfAccounts = cloud.assumes !== undefined
    const all = isOfAccounts ? withAccounts(plan) : plan.changes
    const {account} = await cloud.caller({isFresh: true})
    // Where accounts are assumed, each server's is looked at.
    if (!isOfAccounts) {
      if (account !== planned) throw otherAccount('The plan', planned, account, context.isSandbox)
      const regions = new Set(all.map(({target}) => target.region))
      await Promise.all([...regions].map(region => cloud.region({region}, 'the plan')))
    }
    // A server of another account is no part of the run: nobody who resumes it is to change it.
    const refused = await refusalsOf(cloud, all)
    const changes = all.filter(change => !refused.has(change))
    for (const what of unread ?? []) context.warning(`The plan is incomplete, as this could not be read: ${what}`)
    const breaches = rules ? await breachesOf(context, cloud, rules, changes) : breachesIn(plan, changes)
    await makeChanges(context, cloud, policy, {
      command: 'apply',
      selection: `plan of ${createdAt}: ${selection}`,
      unread,
      changes,
      comparesNames: true,
      isFresh: false,
      breaches,
      question: due =>
        `Make the ${counted(due.length, 'change')} of the plan of ${readableTime(createdAt)} (${countChanges(due)}${countBreaches(breaches, due)})?`,
      outcomes: (settled = []) => {
        const results = new Map(changes.map((change, index) => [change, settled[index]]))
        return outcomesOfChanges(
          all,
          all.map(change => refused.get(change) ?? results.get(change)),
        )
      },
    })
  }

  /** The accounts of the plan, or those of them that flags name. */
  private async cloudOf({assumes, changes}: Plan, flags: CloudFlags): Promise<Cloud> {
    const namesAccounts = flags.account !== undefined || flags.assume !== undefined
    if (assumes !== undefined && !namesAccounts) {
      const places = changes.map(({target}) => target)
      return (await signIn(this.context, flags)).of({assumes}, places)
    }
    const assume = flags.assume ?? assumes
    return connectCloud(this.context, {...flags, ...(assume !== undefined && {assume})})
  }
}

/** Why servers of a plan are left alone, as they are of accounts that are not worked in. */
async function refusalsOf(cloud: Cloud, changes: PlannedChange[]): Promise<Map<PlannedChange, Settled>> {
  if (!cloud.accounts) return new Map()
  const ids = new Set((await cloud.accounts()).map(({id}) => id))
  const others = changes.filter(({target}) => !ids.has(target.account ?? ''))
  return new Map(
    await Promise.all(
      others.map(async change => {
        const error = await cloud.region(change.target).then(() => undefined, asVpcmdError)
        return [change, {result: 'failed', error}] as const
      }),
    ),
  )
}

/** The changes with the account of each: what a plan of one account holds is of that. */
function withAccounts({account, changes}: Plan): PlannedChange[] {
  return changes.map(change => ({...change, target: {account, ...change.target}}))
}

async function readPlan(host: InputHost, file: string): Promise<Plan> {
  const [{parsePlan}, text] = await Promise.all([
    import('../../metadata/plan-file.ts'),
    readText(host, file, 'plan', inputLimits.plan),
  ])
  return parsePlan(text, inputName(file))
}
