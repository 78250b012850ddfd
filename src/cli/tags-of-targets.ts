import type {Cloud} from '../cloud/cloud.ts'
import type {TagIndex} from '../cloud/global-search.ts'
import type {Tags} from '../cloud/readers/tags.ts'
import {placeKey} from '../cloud/regions.ts'
import {asVpcmdError} from '../errors.ts'
import type {Target} from '../metadata/plan.ts'
import type {Context} from './context.ts'

/** The tags of the servers of changes, undefined for those that can't be read, of which it warns; `doubt` comes before why. */
export async function tagsOfTargets(
  context: Context,
  cloud: Cloud,
  changes: readonly {target: Target}[],
  doubt = '',
): Promise<(target: Target) => Tags | undefined> {
  const indexes = new Map<string, TagIndex>()
  const problems = new Set<string>()
  const keyOf = (target: Target) => `${target.kind} ${placeKey(target)}`
  const places = new Map(changes.map(({target}) => [keyOf(target), target]))
  await Promise.all(
    [...places].map(async ([key, target]) => {
      try {
        indexes.set(key, await cloud.tags(await cloud.region(target), target.kind))
      } catch (error) {
        problems.add(asVpcmdError(error).inOneLine)
      }
    }),
  )
  for (const problem of problems) context.warning(`${doubt} ${problem}`.trim())
  return target => indexes.get(keyOf(target))?.get(target.id)
}
