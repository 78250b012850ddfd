import type {InstanceRecord, NamedResource} from '../core/records.ts'
import {regional} from '../core/regions.ts'
import type {FleetStore} from '../fleet/fleet.ts'

/** What an image says of its operating system, as far as its name tells. */
export interface OperatingSystem {
  name: string
  family: string
  vendor: string
  version: string
  architecture: string
  display: string
}

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

/** The operating system of an image. */
export function operatingSystemOf({name}: NamedResource): OperatingSystem {
  const found = systems.find(each => name.includes(each.word))
  const version = /-(\d+)-(\d+)/.exec(name)?.slice(1, 3).join('-') ?? '9'
  const architecture = name.includes('s390x') ? 's390x' : 'amd64'
  if (found === undefined) {
    return {name: 'generic', family: 'Other', vendor: 'Other', version: '1', architecture, display: 'Other'}
  }
  return {
    name: `${found.name}-${version}-${architecture}`,
    family: found.family,
    vendor: found.vendor,
    version,
    architecture,
    display: `${found.family} ${version.replace('-', '.')} (${architecture})`,
  }
}

/** Whether an instance runs Windows. */
export function isWindows(image: InstanceRecord['image']): boolean {
  return image?.name.includes('windows') ?? false
}
