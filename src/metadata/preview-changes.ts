import type {Cloud} from '../cloud/cloud.ts'
import {type Place, placeKey, type Region} from '../cloud/regions.ts'
import {groupBy} from '../counted.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import {readInstances} from '../instances/list-instances.ts'
import type {Settled} from './outcomes.ts'
import type {PlannedChange, Target} from './plan.ts'
import {compareWithPlan, readServer, type Seen, seenIn} from './settle-change.ts'
import {checkTags} from './tag-check.ts'

/** From so many of a region on, its list is read, which takes fewer requests than to ask for each. */
const manyInRegion = 100

/**
 * What would become of changes if they were made now, in their order, without sending any: undefined for one that would
 * be made, else how it would end (`unchanged`, `conflict`, or `failed` where the server could not be read). Throws what
 * asking for the regions throws.
 */
export async function previewChanges(
  cloud: Cloud,
  changes: PlannedChange[],
  comparesNames = false,
): Promise<(Settled | undefined)[]> {
  const byPlace = groupBy(
    changes.map(({target}) => target),
    placeKey,
  )
  const listed = await Promise.all(
    [...byPlace].map(async ([key, targets]) => {
      const [place] = targets as [Target]
      const region = await enter(cloud, place)
      const ids = new Set(targets.map(({id}) => id))
      const isListed = !(region instanceof VpcmdError) && ids.size >= manyInRegion
      return [key, {region, list: isListed ? await listSettings(cloud, region, ids) : undefined}] as const
    }),
  )
  const places = new Map(listed)
  return Promise.all(
    changes.map(async (change): Promise<Settled | undefined> => {
      const {kind, id} = change.target
      const {region, list} = places.get(placeKey(change.target)) ?? {}
      if (!region) throw new Error(`${id} is in no region that was entered`)
      if (region instanceof VpcmdError) return {result: 'failed', error: region}
      const known = list?.seen.get(id)
      if (!known && list?.error && kind === 'instance') return {result: 'failed', error: list.error}
      const api = cloud.api(region, 'rollout')
      const seen = known ?? (await readServer(change, api).catch(asVpcmdError))
      if (seen instanceof VpcmdError) return {result: 'failed', error: seen}
      return compareWithPlan(change, seen, comparesNames) ?? checkTags(cloud, change)
    }),
  )
}

/** A region, or why nothing can be done in its account where there are others. Throws what asking for the only account's regions throws. */
function enter(cloud: Cloud, place: Place): Promise<Region | VpcmdError> {
  const entered = cloud.region(place)
  return cloud.accounts ? entered.catch(asVpcmdError) : entered
}

/** Those instances as they are that are in the list of their region, and why there is no list of it, if so. */
async function listSettings(cloud: Cloud, region: Region, ids: ReadonlySet<string>) {
  const seen = new Map<string, Seen>()
  const query = {params: {}, keep: ({id}: {id: string}) => ids.has(id)}
  const {failures, isRead} = await readInstances({...cloud, regions: async () => [region]}, query, instances => {
    for (const instance of instances) seen.set(instance.id, seenIn(instance))
  })
  return {seen, error: isRead ? undefined : failures[0]?.error}
}
