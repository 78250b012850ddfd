import {Flags} from '@oclif/core'
import type {Policy} from '../audit/policy.ts'
import type {Cloud} from '../cloud/cloud.ts'
import {serverKey} from '../cloud/regions.ts'
import {counted} from '../counted.ts'
import {type InputHost, inputName, readInput} from '../files/read-input.ts'
import {pathInRepository} from '../files/repository-path.ts'
import type {Outcome} from '../metadata/outcomes.ts'
import type {Plan, PlannedChange} from '../metadata/plan.ts'
import type {Context} from './context.ts'
import {tagsOfTargets} from './tags-of-targets.ts'

/** The flag of commands that show what they would change. */
export const policyFlag = {
  policy: Flags.string({
    helpValue: 'FILE',
    summary: 'Mark changes to what this policy forbids, in the plan and before the question; see metadata audit.',
  }),
}

/** Reads a policy; `-` is stdin. Throws a usage error for what is none. */
export async function readPolicy(host: InputHost, file: string): Promise<Policy> {
  const {maxPolicyBytes, parsePolicy} = await import('../audit/read-policy.ts')
  const policy = parsePolicy(await readInput(host, file, 'policy', maxPolicyBytes), inputName(file))
  return file === '-' ? policy : {...policy, pathInRepository: pathInRepository(file, host.env)}
}

/** By the ID of a server, what a policy forbids of what it would be changed to, in words. */
export type Breaches = ReadonlyMap<string, string>

/** What a policy, if there is one, forbids of some changes; warns of those of which a plan knows too little to say. */
export async function breachesOf(
  context: Context,
  cloud: Cloud,
  policy: Policy | undefined,
  changes: PlannedChange[],
): Promise<Breaches> {
  const breaches = new Map<string, string>()
  if (!policy) return breaches
  const [{judge, violationInWords}, {looksAtTags}] = await Promise.all([
    import('../audit/judge.ts'),
    import('../audit/selectors.ts'),
  ])
  const tagsOf = looksAtTags(policy) ? await tagsOfTargets(context, cloud, changes) : undefined
  const today = new Date(context.host.now()).toISOString().slice(0, 10)
  let unknown = 0
  for (const {target, before, set, readAt} of changes) {
    const {account: id, ...server} = target
    const account = id === undefined ? undefined : {id}
    const subject = {...server, account, settings: {...before, ...set}, tags: tagsOf?.(target), readAt}
    const {verdict, violations} = judge(subject, policy, today)
    if (verdict === 'violation') breaches.set(serverKey(target), violations.map(violationInWords).join('; '))
    else if (verdict === 'undetermined') unknown++
  }
  if (unknown > 0) {
    const which = counted(unknown, 'change')
    context.warning(
      `The policy can't be checked for ${which}, as a plan does not hold all that it asks for: these are not marked.`,
    )
  }
  return breaches
}

/** The same as a plan keeps it, by CRN; undefined where there are none. */
export function breachesByCrn(breaches: Breaches, changes: PlannedChange[]): Plan['againstPolicy'] {
  const entries = changes.flatMap(({target}) => {
    const breach = breaches.get(serverKey(target))
    return breach === undefined ? [] : [[target.crn, breach] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** What a plan says that the policy it was made with forbids of these changes of it. */
export function breachesIn({againstPolicy = {}}: Plan, changes: PlannedChange[]): Breaches {
  const byCrn = new Map(Object.entries(againstPolicy))
  return new Map(
    changes.flatMap(({target}) => {
      const breach = byCrn.get(target.crn)
      return breach === undefined ? [] : [[serverKey(target), breach]]
    }),
  )
}

/** Outcomes, each with what the policy forbids of it. */
export function withBreaches(outcomes: Outcome[], breaches: Breaches): Outcome[] {
  return outcomes.map(outcome => ({...outcome, breach: breaches.get(serverKey(outcome.target))}))
}

/** How many of these changes the policy forbids, for the end of a question; empty for none. */
export function countBreaches(breaches: Breaches, changes: PlannedChange[]): string {
  const count = changes.filter(({target}) => breaches.has(serverKey(target))).length
  return count > 0 ? `; ${count} against the policy` : ''
}
