import type {Identity, InstancePrototype, MetadataServicePrototype} from '../cloud/prototypes.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {InstanceInitialization, PortDetails} from '../cloud/readers/resources.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {targetName} from '../metadata/plan.ts'
import {inFull, type Settings, tunables, type WantedSettings} from '../metadata/settings.ts'
import {primaryInterface} from '../ssh/reach.ts'
import type {FoundInstance} from './find-instance.ts'
import {pageSize, pagesOf} from './pages.ts'
import {parseResourceRef} from './references.ts'

/** What is to differ from the instance that another one is made like. Names are looked up in its region. */
export interface Differences {
  profile?: string
  image?: string
  subnet?: string
  keys?: string[]
  userData?: string
  settings: WantedSettings
}

/** What to send to make an instance, and what of the other one does not go along. */
export interface PlannedInstance {
  prototype: InstancePrototype
  /** In words, one thing each. */
  leftOut: string[]
}

/**
 * The prototype of an instance like another one: all that the API shows of it and takes at a creation, but for what
 * `leftOut` names, with the metadata service on. Protocol and hop limit are those asked for, else those of the
 * other instance where its service is on, else https and 1. Throws a usage error for what can't be, exit 4 for a name that
 * there is not, and what the API's calls throw.
 */
export async function planInstance(
  api: VpcApi,
  name: string,
  like: FoundInstance,
  differences: Differences,
): Promise<PlannedInstance> {
  const {instance} = like
  const [place, port, given, image, keys] = await Promise.all([
    choosePlace(api, instance, differences.subnet),
    primaryInterface(api, instance),
    api.getInstanceInitialization({id: instance.id}),
    chooseImage(api, instance, differences.image),
    differences.keys && Promise.all(differences.keys.map(key => findKey(api, key))),
  ])
  const {keys: ownKeys, trustedProfile: profile} = given.result
  const ownProfile = instance.profile
  const isOtherProfile = differences.profile !== undefined && differences.profile !== ownProfile
  return {
    prototype: {
      name,
      profile: {name: differences.profile ?? told(instance, 'profile', ownProfile, '--profile')},
      image,
      vpc: {id: place.vpc},
      zone: {name: place.zone},
      ...(instance.resourceGroup?.id !== undefined && {resource_group: {id: instance.resourceGroup.id}}),
      keys: keys ?? keysOf(instance, ownKeys),
      ...primaryNetwork(instance, place, port),
      metadata_service: metadataService(instance, differences.settings),
      ...(profile && {default_trusted_profile: trustedProfile(instance, profile)}),
      ...(instance.secureBoot && {enable_secure_boot: true}),
      ...(instance.confidentialComputeMode !== 'disabled' && {
        confidential_compute_mode: instance.confidentialComputeMode,
      }),
      ...availability(instance),
      ...(!isOtherProfile && boundToProfile(instance)),
      ...(differences.userData !== undefined && {user_data: differences.userData}),
    },
    leftOut: [
      ...leftOut(instance, {areGroupsLeft: !place.isSameVpc, isOtherProfile, userData: differences.userData}),
      ...leftOfPort(port),
    ],
  }
}

/** The kind of network that the other one has: an account may allow but one of the two. */
function primaryNetwork(
  {primaryAttachment}: Instance,
  {subnet, isSameVpc}: Place,
  port: PortDetails,
): Pick<InstancePrototype, 'primary_network_attachment' | 'primary_network_interface'> {
  const network = {
    subnet,
    ...(isSameVpc && {security_groups: port.securityGroups.flatMap(({id}) => (id === undefined ? [] : [{id}]))}),
    // Takes a permission of its own.
    ...(port.allowIpSpoofing && {allow_ip_spoofing: true}),
  }
  if (!primaryAttachment) return {primary_network_interface: network}
  const mode = port.protocolStateFilteringMode
  return {
    primary_network_attachment: {
      virtual_network_interface: {
        ...network,
        ...(mode !== undefined && {protocol_state_filtering_mode: mode}),
        auto_delete: true,
      },
    },
  }
}

/** What becomes of it when its host fails and, of one that can be preempted, when it is. */
function availability({
  availabilityClass: kind,
  hostFailurePolicy: host_failure,
  preemptionPolicy: preemption,
}: Instance): Pick<InstancePrototype, 'availability' | 'availability_policy'> {
  if (kind === 'standard' || kind === undefined) {
    return host_failure === undefined ? {} : {availability_policy: {host_failure}}
  }
  return {availability: {class: kind}, availability_policy: {host_failure, preemption}}
}

/**
 * What another profile may not allow. An affinity can be named only where there are two vCPUs or more, and these whole
 * (IBM/vpc-node-sdk, vpc/v1.ts, InstancePrototype).
 */
function boundToProfile({
  volumeBandwidth: total_volume_bandwidth,
  volumeBandwidthQosMode: volume_bandwidth_qos_mode,
  affinityPolicy: policy,
  vcpu,
}: Instance): Partial<InstancePrototype> {
  const isAffinityNamed = policy === 'disabled' && (vcpu.count ?? 0) > 1 && vcpu.percentage === 100
  return {
    ...(total_volume_bandwidth !== undefined && {total_volume_bandwidth}),
    ...(volume_bandwidth_qos_mode !== undefined && {volume_bandwidth_qos_mode}),
    ...(isAffinityNamed && {reservation_affinity: {policy}}),
  }
}

/** Throws a usage error where the other one's settings were not told, and are to be taken. */
function metadataService(instance: Instance, wanted: WantedSettings): MetadataServicePrototype {
  const isNamed = tunables.every(({name}) => wanted[name] !== undefined)
  const present: Settings | undefined = isNamed ? {enabled: false} : inFull(instance.settings)
  if (!present) throw untold(instance, 'metadata settings', tunables.map(({key}) => `--${key}`).join(' and '))
  const own: Settings = present.enabled ? present : {}
  const settings = tunables.map(({name, byDefault, whenCreated = byDefault}) => {
    return [name, wanted[name] ?? own[name] ?? whenCreated]
  })
  return {enabled: true, ...Object.fromEntries(settings)}
}

function trustedProfile(
  instance: Instance,
  {autoLink = false, target}: NonNullable<InstanceInitialization['trustedProfile']>,
): InstancePrototype['default_trusted_profile'] {
  return {auto_link: autoLink, target: {id: told(instance, 'trusted profile', target?.id, undefined)}}
}

/** The other one's keys: those that were deleted since can't be given to another. */
function keysOf(instance: Instance, keys: InstanceInitialization['keys']): Identity[] {
  return keys.flatMap(key => (key.isDeleted ? [] : [{id: told(instance, 'keys', key.id, '--key')}]))
}

/** What is taken of the other instance. Throws a usage error where it was not told; `flag` is what takes its place. */
function told<T>(instance: Instance, what: string, value: T | undefined, flag: string | undefined): T {
  if (value === undefined) throw untold(instance, what, flag)
  return value
}

function untold(instance: Instance, what: string, flag: string | undefined): VpcmdError {
  return usageError(
    `The API does not tell the ${what} of ${targetName(instance)}.`,
    flag === undefined ? 'It can’t be made like that one then.' : `Name them with ${flag}.`,
  )
}

interface Place {
  subnet: Identity
  zone: string
  vpc: string
  /** Security groups are of one VPC alone. */
  isSameVpc: boolean
}

/** The other instance's subnet, or the one that is asked for, which tells zone and VPC as well. */
async function choosePlace(api: VpcApi, instance: Instance, asked: string | undefined): Promise<Place> {
  if (asked === undefined) {
    const {primaryAttachment, primaryInterface, zone, vpc} = instance
    const subnet = primaryInterface?.subnet ?? primaryAttachment?.subnet
    return {
      subnet: {id: told(instance, 'subnet', subnet?.id, '--subnet')},
      zone: told(instance, 'zone', zone, '--subnet'),
      vpc: told(instance, 'VPC', vpc?.id, '--subnet'),
      isSameVpc: true,
    }
  }
  const {id, zone, vpc} = await findSubnet(api, asked)
  if (zone === undefined || vpc?.id === undefined) {
    throw usageError(`The API does not tell the zone and the VPC of the subnet ${asked}.`, 'Name another subnet.')
  }
  return {subnet: {id}, zone, vpc: vpc.id, isSameVpc: vpc.id === instance.vpc?.id}
}

async function chooseImage(api: VpcApi, instance: Instance, asked: string | undefined): Promise<Identity> {
  if (asked === undefined) {
    const {image} = instance
    if (image?.id !== undefined && !image.isDeleted) return {id: image.id}
    throw usageError(
      `${targetName(instance)} was not made from an image that is still there.`,
      'Name one with --image.',
    )
  }
  const ref = parseResourceRef(asked)
  if (ref.kind === 'id') return {id: ref.id}
  if (ref.kind === 'crn') return {crn: ref.crn}
  const {rows} = (await api.listImages({name: ref.name, limit: pageSize})).result
  const [found, ...more] = rows.filter(({name}) => name === ref.name)
  if (!found) throw notFound('image', ref.name)
  if (more.length > 0) throw ambiguous('image', ref.name)
  return {id: found.id}
}

async function findKey(api: VpcApi, asked: string): Promise<Identity> {
  const ref = parseResourceRef(asked)
  if (ref.kind === 'id') return {id: ref.id}
  if (ref.kind === 'crn') return {crn: ref.crn}
  const fetchPage = async (start: string | undefined) => (await api.listKeys({start, limit: pageSize})).result
  for await (const {rows} of pagesOf('the keys', fetchPage)) {
    const found = rows.find(({name}) => name === ref.name)
    if (found) return {id: found.id}
  }
  throw notFound('SSH key', ref.name)
}

async function findSubnet(api: VpcApi, asked: string) {
  const ref = parseResourceRef(asked)
  // A CRN ends in the ID.
  if (ref.kind !== 'name') return (await api.getSubnet({id: ref.id})).result
  const found = []
  const fetchPage = async (start: string | undefined) => (await api.listSubnets({start, limit: pageSize})).result
  for await (const {rows} of pagesOf('the subnets', fetchPage)) {
    found.push(...rows.filter(({name}) => name === ref.name))
  }
  const [first, ...more] = found
  if (!first) throw notFound('subnet', ref.name)
  // A name of a subnet is unique within its VPC only.
  if (more.length > 0) throw ambiguous('subnet', ref.name)
  return first
}

function notFound(what: string, name: string): VpcmdError {
  return new VpcmdError({
    code: 'not_found',
    message: `There is no ${what} ${name} in the region.`,
    exitCode: exitCodes.notFound,
  })
}

function ambiguous(what: string, name: string): VpcmdError {
  return new VpcmdError({
    code: 'ambiguous_name',
    message: `There is more than one ${what} ${name} in the region.`,
    hint: 'Pass its ID.',
    exitCode: exitCodes.notFound,
  })
}

function leftOfPort({ipCount = 1, infrastructureNat}: PortDetails): string[] {
  const more = ipCount - 1
  const all: [boolean, string][] = [
    [more > 0, `${more} further reserved ${more === 1 ? 'IP' : 'IPs'} of its network interface`],
    [infrastructureNat === false, 'that its network interface has no infrastructure NAT'],
  ]
  return all.filter(([isLeft]) => isLeft).map(([, what]) => what)
}

function leftOut(
  instance: Instance,
  {areGroupsLeft, isOtherProfile, userData}: {areGroupsLeft: boolean; isOtherProfile: boolean; userData?: string},
): string[] {
  const {networkAttachments = [], networkInterfaces = [], vcpu} = instance
  const more = Math.max(networkAttachments.length, networkInterfaces.length) - 1
  const all: [boolean, string][] = [
    [userData === undefined, `user data, which the VPC API does not tell: vpcmd metadata collect ${instance.id} does`],
    [areGroupsLeft, 'security groups, which are of another VPC: the default one of the new VPC holds'],
    [more > 0, `${more} further network ${more === 1 ? 'interface' : 'interfaces'}`],
    // The instance shows no more of it than its name.
    [true, 'encryption key, size and profile of the boot volume, which gets the defaults'],
    [(instance.volumeCount ?? 1) > 1, 'data volumes'],
    [instance.hasCatalogOffering, 'the catalog offering, with its billing plan and licenses'],
    [instance.placementTarget !== undefined, 'placement'],
    [instance.affinityPolicy === 'manual', 'the reservation'],
    [instance.clusterNetwork !== undefined, 'the cluster network'],
    [instance.instanceGroup !== undefined, 'the membership of an instance group'],
    [isOtherProfile, 'bandwidth of volumes and reservation affinity, which depend on the profile'],
    [(vcpu.percentage ?? 100) !== 100, `the share of its vCPUs, which is ${vcpu.percentage} %`],
  ]
  return all.filter(([isLeft]) => isLeft).map(([, what]) => what)
}
