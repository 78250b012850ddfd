import type {InstanceTemplate} from '../cloud/readers/resources.ts'
import type {Region} from '../cloud/regions.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import type {InstanceQuery} from '../instances/filters.ts'
import {pageSize, pagesOf} from '../instances/pages.ts'
import {targetName} from '../metadata/plan.ts'
import type {Collector} from './collector.ts'
import {type ReadContext, type Subject, subjectOf} from './subjects.ts'

/** The templates of a region, as they were read. */
export interface ReadTemplates {
  region: Region
  templates: InstanceTemplate[]
  reading: ReadContext
}

export interface Naming {
  query: InstanceQuery
  /** Whether the names of images are asked for. */
  needsImages: boolean
  /** The names of VPCs and images that are known by ID; what is read is added. */
  names: Map<string, string>
}

/**
 * All templates of a region. The list says of itself that it may have a next page, and yet takes no `start`
 * (IBM/vpc-node-sdk, vpc/v1.ts, ListInstanceTemplatesParams): then what is there is reported as a part.
 */
export async function readTemplates(api: VpcApi, region: Region, {failed}: Collector): Promise<InstanceTemplate[]> {
  const {rows, next, brokenNext, unidentified, total} = (await api.listInstanceTemplates()).result
  const hasNext = next !== undefined || brokenNext !== undefined
  const came = rows.length + unidentified
  if (unidentified > 0) failed(region.name, 'instance_template', withoutId(region, unidentified))
  if (hasNext || came !== (total ?? came)) {
    failed(
      region.name,
      'instance_template',
      new VpcmdError({
        code: 'incomplete_listing',
        message: `The instance templates of ${region.name} are not all read: ${came} came, and the API counts ${total ?? 'more'}.`,
        hint: hasNext ? 'The API gives no way to ask for the next page of them.' : 'Run the command again.',
      }),
    )
  }
  return rows
}

function withoutId(region: Region, count: number): VpcmdError {
  return new VpcmdError({
    code: 'incomplete_listing',
    message: `The list of instance templates of ${region.name} is incomplete: ${count} of its rows have no ID to go by.`,
  })
}

/** Adds the templates that are in the scope, under the names of their VPCs and images, which are read where need be. */
export async function addTemplates(
  api: VpcApi,
  {region, templates, reading}: ReadTemplates,
  {query, needsImages, names}: Naming,
  {add, failed, unnamed}: Collector,
): Promise<void> {
  const unknown = (key: 'vpcId' | 'imageId') =>
    new Set(templates.flatMap(template => template[key] ?? []).filter(id => !names.has(id)))
  const images = needsImages ? unknown('imageId') : []
  const [vpcProblem, ...imageProblems] = await Promise.all([
    unknown('vpcId').size > 0 && problemOf(nameVpcs(api, region, names)),
    ...[...images].map(id => problemOf(nameImage(api, id, names))),
  ])
  const doubtful: Subject[] = []
  for (const template of templates) {
    const subject = subjectOf.template(template, reading, names)
    const isMeant = query.keep(subject)
    if (isMeant) add(subject)
    if (isMeant === undefined) doubtful.push(subject)
  }
  const [first, ...others] = doubtful
  if (first) failed(region.name, 'instance_template', vpcProblem || notTold(region, first, others.length))
  else if (vpcProblem) unnamed(region.name, 'instance_template', vpcProblem)
  // That images can't be read is told once, and not for each.
  const imageProblem = imageProblems.find(Boolean)
  if (imageProblem) unnamed(region.name, 'instance_template', imageProblem)
}

/** What may be meant and can't be told to be is missing in the audit, and not out of its scope. */
function notTold(region: Region, subject: Subject, others: number): VpcmdError {
  const {vpc} = subject
  const why =
    vpc && vpc.name === undefined
      ? `the VPC ${vpc.id} is not in the list of VPCs`
      : 'its name, zone, VPC or resource group is not told'
  return new VpcmdError({
    code: 'unknown_scope',
    message: `Whether instance template ${targetName(subject)} in ${region.name} is meant can't be told: ${why}${others > 0 ? `; ${others} more are in doubt` : ''}.`,
    hint: 'Audit without the filter, or see whether the key may list all VPCs (is.vpc.vpc.list).',
  })
}

async function nameVpcs(api: VpcApi, region: Region, names: Map<string, string>): Promise<void> {
  const fetchPage = async (start: string | undefined) => (await api.listVpcs({start, limit: pageSize})).result
  for await (const {rows} of pagesOf(`the VPCs of ${region.name}`, fetchPage)) {
    for (const {id, name} of rows) if (name !== undefined) names.set(id, name)
  }
}

async function nameImage(api: VpcApi, id: string, names: Map<string, string>): Promise<void> {
  const {name} = (await api.getImage({id})).result
  if (name !== undefined) names.set(id, name)
}

function problemOf(reading: Promise<void>): Promise<unknown> {
  return reading.then(
    () => undefined,
    (error: unknown) => error,
  )
}
