import {sampleOf, scatter, uuidOf, uuidOfNumber} from '../core/ids.ts'
import {
  defaultsGroup,
  type InstanceRecord,
  type MetadataSettings,
  type NamedResource,
  type TemplateRecord,
} from '../core/records.ts'
import {allRegions, regional} from '../core/regions.ts'

type Metadata = Partial<MetadataSettings> | null

/** The instance templates that the sandbox starts with: the service off, left to the default (which is off), partly named, and as a policy wants it. */
export function defaultTemplates(
  vpcOf: (name: string) => string,
  ubuntuIn: (region: string) => NamedResource,
): TemplateRecord[] {
  const templates: TemplateRecord[] = []
  const add = (name: string, zone: string, vpc: string, metadata: Metadata, userData?: string) => {
    const region = zone.slice(0, -2)
    const prefix = allRegions.flatMap(each => each.zones).find(each => each.name === zone)?.prefix
    templates.push({
      order: templates.length + 1,
      id: `${prefix}-${uuidOf(`instance-template/${zone}/${name}`)}`,
      name,
      region,
      zone,
      vpc: vpcOf(vpc),
      created: Date.UTC(2025, 3, 1, 12, templates.length),
      metadata,
      revision: 0,
      deleted: false,
      profile: 'bx2-2x8',
      resourceGroup: defaultsGroup,
      image: ubuntuIn(region),
      userData,
    })
  }
  add('my-instance-template', 'us-south-1', 'my-test-vpc', {enabled: false, protocol: 'http', response_hop_limit: 1})
  add('hardened-template', 'us-south-2', 'my-test-vpc', {enabled: true, protocol: 'https', response_hop_limit: 1})
  add('web-template', 'eu-de-1', 'frankfurt-vpc', null, '#cloud-config\npackages: [nginx]\n')
  // As IBM's sample makes one, naming nothing else of the service (ibm-cloud-docs/vpc instance_metadata_vpc_configure.md).
  add('batch-template', 'jp-tok-1', 'tokyo-vpc', {enabled: true})
  return templates
}

const settings: readonly Metadata[] = [
  {enabled: false, protocol: 'http', response_hop_limit: 1},
  {enabled: false, protocol: 'http', response_hop_limit: 1},
  {enabled: true, protocol: 'http', response_hop_limit: 2},
  {enabled: true, protocol: 'https', response_hop_limit: 1},
  {enabled: true},
  null,
]

/** The templates of a generated fleet: one for every hundred of its instances, like one of them. */
export function generatedTemplates(instances: readonly InstanceRecord[]): TemplateRecord[] {
  return sampleOf(instances, 100).map((model, index) => ({
    order: index + 1,
    id: `${model.id.slice(0, 4)}-${uuidOfNumber(index + 0x8000000)}`,
    name: `template-${String(index).padStart(4, '0')}`,
    region: model.region,
    zone: model.zone,
    vpc: model.vpc,
    created: model.created,
    metadata: settings[scatter(index + 0x3000000) % settings.length] ?? null,
    revision: 0,
    deleted: false,
    profile: model.profile,
    resourceGroup: model.resourceGroup,
    image: model.image ?? regional(model.region, 'image', 'ibm-debian-12-6-minimal-amd64-1'),
  }))
}
