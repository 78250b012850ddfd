import {createHash} from 'node:crypto'
import {collection, type Routes} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {defaultsGroup, type InstanceRecord, type NamedResource} from '../core/records.ts'
import {groupReference, isoTime, resourceReference, type WireBody} from '../core/references.ts'
import {regional} from '../core/regions.ts'
import type {FleetStore} from '../fleet/fleet.ts'

// The stock images of the default fleet and of generated ones, and one image of the account's own.
const imageNames = [
  'ibm-ubuntu-24-04-6-minimal-amd64-3',
  'ibm-ubuntu-24-04-2-minimal-amd64-1',
  'ibm-ubuntu-22-04-5-minimal-amd64-1',
  'ibm-debian-12-6-minimal-amd64-1',
  'ibm-redhat-9-2-minimal-amd64-5',
  'ibm-rocky-linux-9-4-minimal-amd64-1',
  'ibm-windows-server-2022-full-standard-amd64-18',
  'golden-web',
]

const systems = [
  {word: 'ubuntu', name: 'ubuntu', family: 'Ubuntu Linux', vendor: 'Canonical'},
  {word: 'debian', name: 'debian', family: 'Debian GNU/Linux', vendor: 'Debian'},
  {word: 'redhat', name: 'red', family: 'Red Hat Enterprise Linux', vendor: 'Red Hat'},
  {word: 'rocky', name: 'rocky-linux', family: 'Rocky Linux', vendor: 'Rocky Linux'},
  {word: 'windows', name: 'windows', family: 'Windows Server', vendor: 'Microsoft'},
  {word: 'golden', name: 'rocky-linux', family: 'Rocky Linux', vendor: 'Rocky Linux'},
]

/** The images that a region offers: its catalogue, and whatever its instances were made from. */
export function imagesIn(fleet: FleetStore, region: string): NamedResource[] {
  const images = new Map<string, NamedResource>()
  for (const {image} of fleet.instances.of(region)) if (image) images.set(image.id, image)
  const names = new Set([...images.values()].map(({name}) => name))
  for (const name of imageNames) {
    const image = regional(region, 'image', name)
    if (!names.has(name)) images.set(image.id, image)
  }
  return [...images.values()]
}

/** The operating system of an image, read from its name. */
export function operatingSystemOf({name}: NamedResource) {
  const found = systems.find(each => name.includes(each.word))
  const version = /-(\d+)-(\d+)/.exec(name)?.slice(1, 3).join('-') ?? '9'
  const architecture = name.includes('s390x') ? 's390x' : 'amd64'
  if (found === undefined) {
    return {name: 'generic', family: 'Other', vendor: 'Other', version: '1', architecture, display_name: 'Other'}
  }
  const {name: system, family, vendor} = found
  const display = `${family} ${version.replace('-', '.')} (${architecture})`
  return {name: `${system}-${version}-${architecture}`, family, vendor, version, architecture, display_name: display}
}

/** Whether an instance runs Windows. */
export function isWindows(image: InstanceRecord['image']): boolean {
  return image?.name.includes('windows') ?? false
}

/** The Image object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Image`). */
function imageBody(image: NamedResource): WireBody {
  const system = operatingSystemOf(image)
  return {
    ...resourceReference('images', image),
    allowed_use: {api_version: '2026-03-24', bare_metal_server: 'true', instance: 'true'},
    catalog_offering: {managed: false},
    created_at: isoTime(Date.UTC(2025, 0, 10)),
    encryption: 'none',
    file: {checksums: {sha256: createHash('sha256').update(image.id).digest('hex')}, size: 2},
    minimum_provisioned_size: 100,
    operating_system: {
      allow_user_image_creation: true,
      dedicated_host_only: false,
      href: `/operating_systems/${system.name}`,
      user_data_format: 'cloud_init',
      ...system,
    },
    resource_group: groupReference(defaultsGroup),
    status: 'available',
    status_reasons: [],
    user_data_format: 'cloud_init',
    visibility: image.name.startsWith('ibm-') ? 'public' : 'private',
  }
}

/** `/images` with all filters of `listImages` in IBM/vpc-node-sdk vpc/v1.ts. Every image here is available, takes cloud-init, and has no remote account. */
export function addImages(routes: Routes, {fleet}: SimulatedCloud): void {
  collection<NamedResource>(routes, {
    path: '/images',
    rows: c => imagesIn(fleet, c.get('region').name),
    body: imageBody,
    filters: {
      'remote.account.id': () => 'null',
      status: (_, value) => value.split(',').includes('available'),
      user_data_format: (_, value) => value.split(',').includes('cloud_init'),
    },
    bodyFilters: ['name', 'resource_group.id', 'visibility'],
  })
}
