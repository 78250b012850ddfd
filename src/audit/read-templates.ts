import type {Region} from '../cloud/regions.ts'
import type {VpcSdk} from '../cloud/vpc-sdk.ts'
import type {InstanceTemplate} from '../cloud/wire.ts'
import {VpcmdError} from '../errors.ts'
import {pageSize, pagesOf} from '../instances/pages.ts'
import type {Collector} from './read-subjects.ts'
import {isInScope, type Scope} from './scope.ts'
import {idOf, type Reading, type Subject, subjectOf} from './subjects.ts'

/** The templates of a region, as they were read. */
export interface ReadTemplates {
  region: Region
  templates: InstanceTemplate[]
  reading: Reading
}

export interface Naming {
  scope: Scope
  /** Whether the names of images are asked for. */
  needsImages: boolean
  /** The names of VPCs and images that are known by ID; what is read is added. */
  names: Map<string, string>
}

/**
 * All templates of a region. The list says of itself that it may have a next page, and yet takes no `start`
 * (IBM/vpc-node-sdk, vpc/v1.ts, ListInstanceTemplatesParams): then what is there is reported as a part.
 */
export async function readTemplates(api: VpcSdk, region: Region, {failed}: Collector): Promise<InstanceTemplate[]> {
  const {templates, next, total_count: total} = (await api.listInstanceTemplates()).result
  if (next || templates.length !== total) {
    failed(
      region.name,
      'instance_template',
      new VpcmdError({
        code: 'incomplete_listing',
        message: `The instance templates of ${region.name} are not all read: ${templates.length} came, and the API counts ${total}.`,
        hint: next ? 'The API gives no way to ask for the next page of them.' : 'Run the command again.',
      }),
    )
  }
  return templates
}

/** Adds the templates that are in the scope, under the names of their VPCs and images, which are read where need be. */
export async function addTemplates(
  api: VpcSdk,
  {region, templates, reading}: ReadTemplates,
  {scope, needsImages, names}: Naming,
  {add, failed, unnamed}: Collector,
): Promise<void> {
  const unknown = (kind: 'vpc' | 'image') =>
    new Set(templates.flatMap(template => idOf(template[kind]) ?? []).filter(id => !names.has(id)))
  const images = needsImages ? unknown('image') : []
  const [vpcProblem, ...imageProblems] = await Promise.all([
    unknown('vpc').size > 0 && problemOf(nameVpcs(api, names)),
    ...[...images].map(id => problemOf(nameImage(api, id, names))),
  ])
  const doubtful: Subject[] = []
  for (const template of templates) {
    const subject = subjectOf.template(template, reading, names)
    const isMeant = isInScope(subject, scope)
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
function notTold(region: Region, {name, id, vpc}: Subject, others: number): VpcmdError {
  const why = vpc ? `the VPC ${vpc.id} is not in the list of VPCs` : 'its zone or VPC is not told'
  return new VpcmdError({
    code: 'unknown_scope',
    message: `Whether instance template ${name} (${id}) in ${region.name} is meant can't be told: ${why}${others > 0 ? `; ${others} more are in doubt` : ''}.`,
    hint: 'Audit without the filter, or see whether the key may list all VPCs (is.vpc.vpc.list).',
  })
}

async function nameVpcs(api: VpcSdk, names: Map<string, string>): Promise<void> {
  for await (const {vpcs} of pagesOf(async start => (await api.listVpcs({start, limit: pageSize})).result)) {
    for (const {id, name} of vpcs) names.set(id, name)
  }
}

async function nameImage(api: VpcSdk, id: string, names: Map<string, string>): Promise<void> {
  names.set(id, (await api.getImage({id})).result.name)
}

function problemOf(reading: Promise<void>): Promise<unknown> {
  return reading.then(
    () => undefined,
    (error: unknown) => error,
  )
}
