import type {Cloud} from '../cloud/cloud.ts'
import type {TagIndex} from '../cloud/global-search.ts'
import type {Page} from '../cloud/readers/page.ts'
import type {BareMetalServer, InstanceTemplate} from '../cloud/readers/resources.ts'
import {checkUsable, placeName, type Region, serverKey} from '../cloud/regions.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {entryOf, groupBy} from '../counted.ts'
import {VpcmdError} from '../errors.ts'
import {allFailed} from '../instances/all-failed.ts'
import {type InstanceQuery, toQuery} from '../instances/filters.ts'
import {type RegionFailure, readInstances} from '../instances/list-instances.ts'
import {incompleteList, pagesOf, problemsOfList} from '../instances/pages.ts'
import {targetName} from '../instances/references.ts'
import {vpcPages} from '../instances/vpc-pages.ts'
import {
  KnownReferences,
  kindLabel,
  type Referred,
  type Scope,
  type Subject,
  type SubjectKind,
  toSubject,
} from './subjects.ts'

/** What could not be read, or not in full, and why. */
export interface Unread {
  /** Whose region it is, where that is known. */
  account?: Referred
  region: string
  kinds: SubjectKind[]
  error: VpcmdError
}

export interface ReadSubjects {
  subjects: Subject[]
  unread: Unread[]
  /** What could not be read of names that only a policy may ask for. */
  unnamed: Unread[]
  /** The regions that were asked. */
  regions: string[]
}

type OtherKind = Exclude<SubjectKind, 'instance'>
type Listed = Pick<Page<BareMetalServer | InstanceTemplate>, 'rows' | 'total' | 'unidentified'>

/**
 * Reads what an audit is about, in all regions of `cloud` and all kinds side by side; the names of images that no instance
 * tells, and tags, only where they are asked for. What can't be read is reported beside the rest. Throws what asking for the regions
 * throws, and where nothing could be read at all, the first error, which names the other places.
 */
export async function readSubjects(
  cloud: Cloud,
  scope: Scope,
  {needsImages, needsTags, now}: {needsImages: boolean; needsTags: boolean; now(): number},
): Promise<ReadSubjects> {
  const regions = await cloud.regions()
  const query = {...toQuery(scope.filters), showsTags: needsTags}
  const references = new KnownReferences()
  const unread = new Problems()
  const unnamed = new Problems()
  let subjects: Subject[] = []
  let isRead = false
  let gone: ReadonlyMap<string, string> = new Map()

  const readAllInstances = async () => {
    const outcome = await readInstances(cloud, query, (instances, region) => {
      const readAt = now()
      for (const each of instances)
        subjects.push(toSubject('instance', each, {region, readAt, references, tags: each.tags}))
    })
    isRead ||= outcome.isRead
    gone = outcome.gone
    for (const {region, error} of outcome.failures) unread.add(region, 'instance', error)
  }
  const listKind = async (kind: OtherKind, region: Region) => {
    try {
      checkUsable(region)
      const readAt = now()
      const {rows, problems} = await listedBy[kind](cloud.api(region), placeName(region))
      isRead = true
      for (const error of problems) unread.add(region, kind, error)
      return [{kind, region, rows, readAt}]
    } catch (error) {
      unread.add(region, kind, error)
      return []
    }
  }
  const tagsOf = async (kind: OtherKind, region: Region): Promise<TagIndex | undefined> => {
    if (kind === 'instance_template' || !(query.needsTags || needsTags)) return undefined
    return cloud.tags(region, kind).catch((error: unknown) => {
      unread.add(region, kind, error)
      return undefined
    })
  }
  const others = (['bare_metal_server', 'instance_template'] as const).filter(kind => scope.kinds.includes(kind))
  const lists = await Promise.all([
    ...others.flatMap(kind => regions.map(region => listKind(kind, region))),
    scope.kinds.includes('instance') ? readAllInstances().then(() => []) : [],
  ])
  // A template refers to VPCs and images by ID: their names are known only once all instances are.
  await Promise.all(
    lists.flat().map(async ({kind, region, rows, readAt}) => {
      const naming = await nameReferences(cloud.api(region), placeName(region), rows, references, needsImages)
      const tags = rows.length > 0 ? await tagsOf(kind, region) : undefined
      const read = rows.map(row => toSubject(kind, row, {region, readAt, references, tags: tags?.get(row.id)}))
      const sifted = groupBy(read, subject => query.keep(subject))
      subjects.push(...(sifted.get(true) ?? []))
      const [first, ...others] = sifted.get(undefined) ?? []
      if (first) unread.add(region, kind, naming.vpcs ?? unknownScope(first, others.length, query))
      else if (naming.vpcs) unnamed.add(region, kind, naming.vpcs)
      if (naming.images) unnamed.add(region, kind, naming.images)
    }),
  )
  const [first] = unread.failures
  if (!isRead && first) throw allFailed(first, unread.failures)
  if (gone.size > 0)
    subjects = subjects.filter(each => !gone.has(serverKey({id: each.id, account: cloud.accounts && each.account?.id})))
  return {
    subjects,
    unread: unread.all,
    unnamed: unnamed.all,
    regions: [...new Set(regions.map(({name}) => name))].filter(name => name !== ''),
  }
}

type ListKind = (api: VpcApi, region: string) => Promise<{rows: Listed['rows']; problems: VpcmdError[]}>

/** How each kind is listed, with what is wrong with the list. Throws what the API's calls throw. */
const listedBy: Record<OtherKind, ListKind> = {
  async bare_metal_server(api, region) {
    const what = `bare metal servers of ${region}`
    const rows = new Map<string, BareMetalServer>()
    let total: number | undefined
    let unidentified = 0
    for await (const page of pagesOf(`the ${what}`, api.listBareMetalServers)) {
      total = page.total
      unidentified += page.unidentified
      for (const server of page.rows) rows.set(server.id, server)
    }
    return {rows: [...rows.values()], problems: problemsOfList(what, {came: rows.size, total, unidentified})}
  },

  /**
   * The list says of itself that it may have a next page, and yet takes no `start` (IBM/vpc-node-sdk, vpc/v1.ts,
   * ListInstanceTemplatesParams).
   */
  async instance_template(api, region) {
    const what = `instance templates of ${region}`
    const {rows, next, brokenNext, unidentified, total} = (await api.listInstanceTemplates()).result
    const problems = problemsOfList(what, {came: rows.length, total, unidentified})
    if (problems.length === 0 && (next ?? brokenNext) !== undefined) {
      const hint = 'The API gives no way to ask for the next page of them.'
      problems.push(incompleteList(what, 'there is another page', hint))
    }
    return {rows, problems}
  },
}

/** Finds the names of what is referred to by ID alone: all VPCs, and images where they are needed. Gives what went wrong. */
async function nameReferences(
  api: VpcApi,
  region: string,
  rows: Listed['rows'],
  references: KnownReferences,
  needsImages: boolean,
): Promise<{vpcs?: unknown; images?: unknown}> {
  const images = rows.flatMap(row => ('image' in row && references.lacksName(row.image) ? (row.image?.id ?? []) : []))
  const nameVpcs = async () => {
    for await (const {rows: vpcs} of vpcPages(api, region)) {
      for (const vpc of vpcs) references.name(vpc)
    }
  }
  const nameImage = async (id: string) => references.name((await api.getImage({id})).result)
  const [vpcs, ...errors] = await Promise.allSettled([
    rows.some(({vpc}) => references.lacksName(vpc)) && nameVpcs(),
    ...(needsImages ? [...new Set(images)].map(nameImage) : []),
  ])
  // That images can't be read is reported once, and not for each.
  const failed = errors.find(each => each.status === 'rejected')
  return {
    ...(vpcs?.status === 'rejected' && {vpcs: vpcs.reason}),
    ...(failed && {images: failed.reason}),
  }
}

/** What may be in the scope is missing in the audit, and not out of its scope. */
function unknownScope(subject: Subject, others: number, {needsTags}: InstanceQuery): VpcmdError {
  const {kind, region, vpc} = subject
  const why =
    vpc && vpc.name === undefined
      ? `the VPC ${vpc.id} is not in the list of VPCs`
      : `its name, zone, VPC${needsTags ? ', resource group or tags are' : ' or resource group is'} unknown`
  return new VpcmdError({
    code: 'unknown_scope',
    message: `vpcmd can't tell whether ${kindLabel(kind)} ${targetName(subject)} in ${region} matches the filters: ${why}${others > 0 ? `; the same goes for ${others} more` : ''}.`,
    hint: 'Audit without the filter, or see whether the key may list all VPCs (is.vpc.vpc.list).',
  })
}

/** What could not be read; the same error in one region is there once, with all of its kinds. */
class Problems {
  readonly #known = new Map<string, RegionFailure & {kinds: SubjectKind[]}>()

  /** Throws what is no VpcmdError. */
  add(region: Region, kind: SubjectKind, error: unknown): void {
    if (!(error instanceof VpcmdError)) throw error
    entryOf(this.#known, `${placeName(region)}\n${error.message}`, () => ({region, error, kinds: []})).kinds.push(kind)
  }

  get failures(): RegionFailure[] {
    return [...this.#known.values()]
  }

  get all(): Unread[] {
    return [...this.#known.values()].map(({region: {name, account}, kinds, error}) => ({
      ...(account && {account}),
      region: name || 'all regions',
      kinds,
      error,
    }))
  }
}
