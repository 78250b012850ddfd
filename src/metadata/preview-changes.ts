import type {Cloud} from '../cloud/cloud.ts'
import {VpcmdError} from '../errors.ts'
import {readInstances} from '../instances/list-instances.ts'
import type {Settled} from './outcomes.ts'
import type {PlannedChange} from './plan.ts'
import {compareWithPlan, readServer, type Seen, seenIn} from './settle-change.ts'

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
  const byRegion = new Map<string, PlannedChange[]>()
  for (const change of changes) {
    const {region} = change.target
    const others = byRegion.get(region)
    if (others) others.push(change)
    else byRegion.set(region, [change])
  }
  const seen = new Map<PlannedChange, Settled | undefined>()
  await Promise.all(
    [...byRegion].map(async ([region, some]) => {
      for (const [change, settled] of await previewRegion(cloud, region, some, comparesNames)) seen.set(change, settled)
    }),
  )
  return changes.map(change => seen.get(change))
}

async function previewRegion(
  cloud: Cloud,
  name: string,
  changes: PlannedChange[],
  comparesNames: boolean,
): Promise<[PlannedChange, Settled | undefined][]> {
  const region = await cloud.region(name)
  const listed = changes.length < manyInRegion ? undefined : await listSettings(cloud, name, changes)
  return Promise.all(
    changes.map(async (change): Promise<[PlannedChange, Settled | undefined]> => {
      const {kind, id} = change.target
      const known = listed?.seen.get(id)
      if (known) return [change, compareWithPlan(change, known, comparesNames)]
      if (listed?.error && kind === 'instance') return [change, {result: 'failed', error: listed.error}]
      try {
        const seen = await readServer(change, cloud.api(region, 'rollout'))
        return [change, compareWithPlan(change, seen, comparesNames)]
      } catch (error) {
        if (!(error instanceof VpcmdError)) throw error
        return [change, {result: 'failed', error}]
      }
    }),
  )
}

/** Those instances as they are that are in the list of their region, and why there is no list of it, if so. */
async function listSettings(
  cloud: Cloud,
  name: string,
  changes: PlannedChange[],
): Promise<{seen: Map<string, Seen>; error: VpcmdError | undefined}> {
  const wanted = new Set(changes.map(({target}) => target.id))
  const seen = new Map<string, Seen>()
  const regions = async () => [await cloud.region(name)]
  const query = {params: {}, keep: ({id}: {id: string}) => wanted.has(id)}
  const {failures, isRead} = await readInstances({...cloud, regions}, query, instances => {
    for (const instance of instances) seen.set(instance.id, seenIn(instance))
  })
  return {seen, error: isRead ? undefined : failures[0]?.error}
}
