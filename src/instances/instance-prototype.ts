import type {VpcSdk} from '../cloud/vpc-sdk.ts'
import type {
  Identity,
  Instance,
  InstanceInitialization,
  InstancePrototype,
  MetadataService,
  NetworkInterfaceDetails,
  VirtualNetworkInterface,
} from '../cloud/wire.ts'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {primaryInterface} from '../ssh/address.ts'
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
  protocol?: string
  hopLimit?: number
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
  api: VpcSdk,
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
  const {keys: ownKeys, default_trusted_profile: profile} = given.result
  const isOtherProfile = differences.profile !== undefined && differences.profile !== instance.profile.name
  return {
    prototype: {
      name,
      profile: {name: differences.profile ?? instance.profile.name},
      image,
      vpc: {id: place.vpc},
      zone: {name: place.zone},
      resource_group: {id: instance.resource_group.id},
      keys: keys ?? ownKeys.map(({id}) => ({id})),
      ...primaryNetwork(instance, place, port),
      metadata_service: metadataService(instance.metadata_service, differences),
      ...(profile && {default_trusted_profile: trustedProfile(profile)}),
      ...(instance.enable_secure_boot && {enable_secure_boot: true}),
      ...(instance.confidential_compute_mode !== 'disabled' && {
        confidential_compute_mode: instance.confidential_compute_mode,
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
  {primary_network_attachment: attachment}: Instance,
  {subnet, isSameVpc}: Place,
  port: VirtualNetworkInterface | NetworkInterfaceDetails,
): Pick<InstancePrototype, 'primary_network_attachment' | 'primary_network_interface'> {
  const network = {
    subnet,
    ...(isSameVpc && {security_groups: port.security_groups.map(({id}) => ({id}))}),
    // Takes a permission of its own.
    ...(port.allow_ip_spoofing && {allow_ip_spoofing: true}),
  }
  if (!attachment) return {primary_network_interface: network}
  const mode = 'protocol_state_filtering_mode' in port ? port.protocol_state_filtering_mode : undefined
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
  availability: {class: kind},
  availability_policy: {host_failure, preemption},
}: Instance): Pick<InstancePrototype, 'availability' | 'availability_policy'> {
  if (kind === 'standard') return {availability_policy: {host_failure}}
  return {availability: {class: kind}, availability_policy: {host_failure, preemption}}
}

/**
 * What another profile may not allow. An affinity can be named only where there are two vCPUs or more, and these whole
 * (IBM/vpc-node-sdk, vpc/v1.ts, InstancePrototype).
 */
function boundToProfile({
  total_volume_bandwidth,
  volume_bandwidth_qos_mode,
  reservation_affinity: {policy},
  vcpu,
}: Instance): Partial<InstancePrototype> {
  const isAffinityNamed = policy === 'disabled' && vcpu.count > 1 && vcpu.percentage === 100
  return {
    total_volume_bandwidth,
    volume_bandwidth_qos_mode,
    ...(isAffinityNamed && {reservation_affinity: {policy}}),
  }
}

function metadataService(present: MetadataService, {protocol, hopLimit}: Differences): MetadataService {
  const otherwise = present.enabled ? present : {protocol: 'https', response_hop_limit: 1}
  return {
    enabled: true,
    protocol: protocol ?? otherwise.protocol,
    response_hop_limit: hopLimit ?? otherwise.response_hop_limit,
  }
}

function trustedProfile(
  profile: NonNullable<InstanceInitialization['default_trusted_profile']>,
): InstancePrototype['default_trusted_profile'] {
  return {auto_link: profile.auto_link, target: {id: profile.target.id}}
}

interface Place {
  subnet: Identity
  zone: string
  vpc: string
  /** Security groups are of one VPC alone. */
  isSameVpc: boolean
}

/** The other instance's subnet, or the one that is asked for, which tells zone and VPC as well. */
async function choosePlace(api: VpcSdk, instance: Instance, asked: string | undefined): Promise<Place> {
  if (asked === undefined) {
    const {subnet} = instance.primary_network_interface
    return {subnet: {id: subnet.id}, zone: instance.zone.name, vpc: instance.vpc.id, isSameVpc: true}
  }
  const {id, zone, vpc} = await findSubnet(api, asked)
  return {subnet: {id}, zone: zone.name, vpc: vpc.id, isSameVpc: vpc.id === instance.vpc.id}
}

async function chooseImage(api: VpcSdk, instance: Instance, asked: string | undefined): Promise<Identity> {
  if (asked === undefined) {
    if (instance.image) return {id: instance.image.id}
    throw usageError(
      `${instance.name} (${instance.id}) was not made from an image that is still there.`,
      'Name one with --image.',
    )
  }
  const ref = parseResourceRef(asked)
  if (ref.kind === 'id') return {id: ref.id}
  if (ref.kind === 'crn') return {crn: ref.crn}
  const {images} = (await api.listImages({name: ref.name, limit: pageSize})).result
  const [found, ...more] = images.filter(({name}) => name === ref.name)
  if (!found) throw notFound('image', ref.name)
  if (more.length > 0) throw ambiguous('image', ref.name)
  return {id: found.id}
}

async function findKey(api: VpcSdk, asked: string): Promise<Identity> {
  const ref = parseResourceRef(asked)
  if (ref.kind === 'id') return {id: ref.id}
  if (ref.kind === 'crn') return {crn: ref.crn}
  for await (const {keys} of pagesOf(async start => (await api.listKeys({start, limit: pageSize})).result)) {
    const found = keys.find(({name}) => name === ref.name)
    if (found) return {id: found.id}
  }
  throw notFound('SSH key', ref.name)
}

async function findSubnet(api: VpcSdk, asked: string) {
  const ref = parseResourceRef(asked)
  // A CRN ends in the ID.
  if (ref.kind !== 'name') return (await api.getSubnet({id: ref.id})).result
  const found = []
  for await (const {subnets} of pagesOf(async start => (await api.listSubnets({start, limit: pageSize})).result)) {
    found.push(...subnets.filter(({name}) => name === ref.name))
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

function leftOfPort(port: VirtualNetworkInterface | NetworkInterfaceDetails): string[] {
  const more = 'ips' in port ? (port.ips?.length ?? 1) - 1 : 0
  const all: [boolean, string][] = [
    [more > 0, `${more} further reserved ${more === 1 ? 'IP' : 'IPs'} of its network interface`],
    [
      'enable_infrastructure_nat' in port && port.enable_infrastructure_nat === false,
      'that its network interface has no infrastructure NAT',
    ],
  ]
  return all.filter(([isLeft]) => isLeft).map(([, what]) => what)
}

function leftOut(
  instance: Instance,
  {areGroupsLeft, isOtherProfile, userData}: {areGroupsLeft: boolean; isOtherProfile: boolean; userData?: string},
): string[] {
  const more = Math.max(instance.network_attachments.length, instance.network_interfaces.length) - 1
  const all: [boolean, string][] = [
    [userData === undefined, `user data, which the VPC API does not tell: vpcmd metadata collect ${instance.id} does`],
    [areGroupsLeft, 'security groups, which are of another VPC: the default one of the new VPC holds'],
    [more > 0, `${more} further network ${more === 1 ? 'interface' : 'interfaces'}`],
    // The instance shows no more of it than its name.
    [true, 'encryption key, size and profile of the boot volume, which gets the defaults'],
    [(instance.volume_attachments?.length ?? 1) > 1, 'data volumes'],
    [instance.catalog_offering !== undefined, 'the catalog offering, with its billing plan and licenses'],
    [instance.placement_target !== undefined, 'placement'],
    [instance.reservation_affinity.policy === 'manual', 'the reservation'],
    [instance.cluster_network !== undefined, 'the cluster network'],
    [instance.instance_group_membership !== undefined, 'the membership of an instance group'],
    [isOtherProfile, 'bandwidth of volumes and reservation affinity, which depend on the profile'],
    [instance.vcpu.percentage !== 100, `the share of its vCPUs, which is ${instance.vcpu.percentage} %`],
  ]
  return all.filter(([isLeft]) => isLeft).map(([, what]) => what)
}
