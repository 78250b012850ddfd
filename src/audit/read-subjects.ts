import type {Cloud} from '../cloud/cloud.ts'
import {checkUsable, type Region} from '../cloud/regions.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import {type InstanceQuery, toQuery} from '../instances/filters.ts'
import {type ReadingOutcome, readInstances} from '../instances/list-instances.ts'
import {pageSize, pagesOf} from '../instances/pages.ts'
import type {Collector, Unread} from './collector.ts'
import {addTemplates, type ReadTemplates, readTemplates} from './read-templates.ts'
import type {Scope} from './scope.ts'
import {type ReadContext, type Referred, type Subject, type SubjectKind, subjectOf} from './subjects.ts'

export interface ReadSubjects {
  subjects: Subject[]
  unread: Unread[]
  /** What could not be read of names that only a policy may ask for. */
  unnamed: Unread[]
  /** The regions that were asked. */
  regions: string[]
}

/**
 * Reads what an audit is about, in all regions of `cloud` and all kinds side by side; the names of images that no instance
 * tells, only where they are asked for. What can't be read is told beside the rest. Throws what asking for the regions throws, and the first error where nothing could be read at all.
 */
export async function readSubjects(cloud: Cloud, scope: Scope, needsImages: boolean): Promise<ReadSubjects> {
  const query = toQuery(scope.filters)
  const regions = await cloud.regions()
  const subjects: Subject[] = []
  const unread: Unread[] = []
  const unnamed: Unread[] = []
  let isRead = false
  let gone = new Set<string>()
  const share = sharing()
  const collector: Collector = {
    add: subject => subjects.push(subject),
    failed: keepIn(unread),
    unnamed: keepIn(unnamed),
    reading: region => ({region, readAt: Date.now(), share}),
  }
  const perRegion = async (kind: SubjectKind, read: (region: Region) => Promise<void>) => {
    if (!scope.kinds.includes(kind)) return
    await Promise.all(
      regions.map(async region => {
        try {
          checkUsable(region)
          await read(region)
          isRead = true
        } catch (error) {
          collector.failed(region.name, kind, error)
        }
      }),
    )
  }
  // The names of VPCs and images that instances tell: a template refers to them by ID.
  const names = new Map<string, string>()
  const templates: ReadTemplates[] = []
  await Promise.all([
    scope.kinds.includes('instance') &&
      readAllInstances(cloud, query, collector, names).then(outcome => {
        isRead ||= outcome.isRead
        gone = outcome.gone
      }),
    perRegion('bare_metal_server', region => readBareMetalServers(cloud.api(region), region, query, collector)),
    perRegion('instance_template', async region => {
      const reading = collector.reading(region.name)
      templates.push({region, templates: await readTemplates(cloud.api(region), region, collector), reading})
    }),
  ])
  const naming = {query, needsImages, names}
  await Promise.all(templates.map(read => addTemplates(cloud.api(read.region), read, naming, collector)))
  const [first] = unread
  if (!isRead && first) throw first.error
  const present = gone.size > 0 ? subjects.filter(({id}) => !gone.has(id)) : subjects
  return {subjects: present, unread, unnamed, regions: regions.map(({name}) => name)}
}

async function readAllInstances(
  cloud: Cloud,
  query: InstanceQuery,
  {add, failed, reading}: Collector,
  names: Map<string, string>,
): Promise<Pick<ReadingOutcome, 'isRead' | 'gone'>> {
  const {failures, isRead, gone} = await readInstances(cloud, query, (instances, region) => {
    const here = reading(region.name)
    for (const instance of instances) {
      for (const each of [instance.vpc, instance.image]) {
        if (each?.id !== undefined && each.name !== undefined) names.set(each.id, each.name)
      }
      add(subjectOf.server('instance', instance, here))
    }
  })
  for (const {region, error} of failures) failed(region, 'instance', error)
  return {isRead, gone}
}

async function readBareMetalServers(
  api: VpcApi,
  region: Region,
  query: InstanceQuery,
  {add, failed, reading}: Collector,
): Promise<void> {
  const here = reading(region.name)
  const seen = new Set<string>()
  let total: number | undefined
  let unidentified = 0
  let open = 0
  const fetchPage = async (start: string | undefined) =>
    (await api.listBareMetalServers({start, limit: pageSize})).result
  for await (const page of pagesOf(`the bare metal servers of ${region.name}`, fetchPage)) {
    total = page.total
    unidentified += page.unidentified
    for (const server of page.rows) {
      if (seen.has(server.id)) continue
      seen.add(server.id)
      const subject = subjectOf.server('bare_metal_server', server, here)
      const isMeant = query.keep(subject)
      if (isMeant) add(subject)
      if (isMeant === undefined) open++
    }
  }
  const problem = (what: string) => failed(region.name, 'bare_metal_server', incomplete(region, what))
  const came = seen.size + unidentified
  if (came !== (total ?? came)) problem(`${came} came, and the API counts ${total}`)
  if (unidentified > 0) problem(`${unidentified} of its rows have no ID to go by`)
  if (open > 0) problem(`of ${open} it is not told whether they are meant`)
}

function incomplete(region: Region, why: string): VpcmdError {
  return new VpcmdError({
    code: 'incomplete_listing',
    message: `The list of bare metal servers of ${region.name} may be incomplete: ${why}.`,
    hint: 'Run the command again: servers may have come or gone meanwhile.',
  })
}

function keepIn(unread: Unread[]): Collector['failed'] {
  return (region, kind, error) => {
    if (!(error instanceof VpcmdError)) throw error
    const same = unread.find(each => each.region === region && each.error.message === error.message)
    if (same) same.kinds.push(kind)
    else unread.push({region, kinds: [kind], error})
  }
}

function sharing(): ReadContext['share'] {
  const known = new Map<string, Referred>()
  return reference => {
    const key = `${reference.id ?? ''} ${reference.name ?? ''}`
    const same = known.get(key)
    if (same === undefined) known.set(key, reference)
    return same ?? reference
  }
}
