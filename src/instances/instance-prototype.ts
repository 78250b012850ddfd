import type {Identity, InstancePrototype, MetadataServicePrototype} from '../cloud/prototypes.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {Page} from '../cloud/readers/page.ts'
import type {InstanceInitialization, PortDetails} from '../cloud/readers/resources.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {counted} from '../counted.ts'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import type {FoundInstance} from './find-instance.ts'
import {pagesOf} from './pages.ts'
import {primaryInterface} from './primary-port.ts'
import {parseResourceRef, targetName} from './references.ts'
import {inFull, type Settings, tunables, type WantedSettings} from './settings.ts'

/** What differs from the instance that the new one is like. Names are looked up in its region. */
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
  /** The names of what the prototype names by ID, as far as they are known. */
  names: Map<string, string>
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
  const names = new Map<string, string>()
  const [place, port, given, image, keys] = await Promise.all([
    choosePlace(api, instance, differences.subnet, names),
    primaryInterface(api, instance),
    api.getInstanceInitialization({id: instance.id}),
    chooseImage(api, instance, differences.image, names),
    differences.keys && Promise.all(differences.keys.map(key => identityOf(api, 'SSH key', key, names))),
  ])
  const {keys: ownKeys, trustedProfile: profile} = given.result
  const {primaryInterface: legacyPort, primaryAttachment, vpc, resourceGroup} = instance
  const read = [vpc, resourceGroup, legacyPort?.subnet, primaryAttachment?.subnet, instance.image, profile?.target]
  for (const each of [...read, ...port.securityGroups, ...ownKeys]) keepName(names, each)
  const ownProfile = instance.profile
  const isOtherProfile = differences.profile !== undefined && differences.profile !== ownProfile
  return {
    prototype: {
      name,
      profile: {name: differences.profile ?? known(instance, 'profile', ownProfile, '--profile')},
      image,
      vpc: {id: place.vpc},
      zone: {name: place.zone},
      ...(instance.resourceGroup?.id !== undefined && {resource_group: {id: instance.resourceGroup.id}}),
      // Keys that were deleted since can't be given to another.
      keys: keys ?? ownKeys.filter(key => !key.isDeleted).map(({id}) => ({id: known(instance, 'keys', id, '--key')})),
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
    leftOut: leftOut(instance, port, {
      isSameVpc: place.isSameVpc,
      isOtherProfile,
      hasUserData: differences.userData !== undefined,
    }),
    names,
  }
}

function keepName(names: Map<string, string>, {id, name}: {id?: string; name?: string} = {}): void {
  if (id !== undefined && name !== undefined) names.set(id, name)
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

/** Throws a usage error where a setting is taken from the other one, and unknown there. */
function metadataService(instance: Instance, wanted: WantedSettings): MetadataServicePrototype {
  const isNamed = tunables.every(({name}) => wanted[name] !== undefined)
  const present: Settings | undefined = isNamed ? {enabled: false} : inFull(instance.settings)
  const flags = tunables.map(({key}) => `--${key}`).join(' and ')
  const {enabled, ...others} = known(instance, 'metadata settings', present, flags)
  const own: Settings = enabled ? others : {}
  const settings = tunables.map(({name, byDefault, whenCreated = byDefault}) => {
    return [name, wanted[name] ?? own[name] ?? whenCreated]
  })
  return {enabled: true, ...Object.fromEntries(settings)}
}

function trustedProfile(
  instance: Instance,
  {autoLink = false, target}: NonNullable<InstanceInitialization['trustedProfile']>,
): InstancePrototype['default_trusted_profile'] {
  return {auto_link: autoLink, target: {id: known(instance, 'trusted profile', target?.id)}}
}

/** What is taken of the other instance. Throws a usage error where it is unknown; `flags` take its place. */
function known<T>(instance: Instance, what: string, value: T | undefined, flags?: string): T {
  if (value !== undefined) return value
  throw usageError(
    `The API does not report the ${what} of ${targetName(instance)}.`,
    flags === undefined ? 'No instance can be created like that one.' : `Name it with ${flags}.`,
  )
}

interface Place {
  subnet: Identity
  zone: string
  vpc: string
  /** Security groups are of one VPC alone. */
  isSameVpc: boolean
}

/** The other instance's subnet, or the one that was asked for, which determines zone and VPC. */
async function choosePlace(
  api: VpcApi,
  instance: Instance,
  asked: string | undefined,
  names: Map<string, string>,
): Promise<Place> {
  if (asked === undefined) {
    const {primaryAttachment, primaryInterface, zone, vpc} = instance
    const subnet = primaryInterface?.subnet ?? primaryAttachment?.subnet
    return {
      subnet: {id: known(instance, 'subnet', subnet?.id, '--subnet')},
      zone: known(instance, 'zone', zone, '--subnet'),
      vpc: known(instance, 'VPC', vpc?.id, '--subnet'),
      isSameVpc: true,
    }
  }
  const found = await findSubnet(api, asked)
  const {id, zone, vpc} = found
  for (const each of [found, vpc]) keepName(names, each)
  if (zone === undefined || vpc?.id === undefined) {
    throw usageError(`The API does not report the zone and the VPC of the subnet ${asked}.`, 'Name another subnet.')
  }
  return {subnet: {id}, zone, vpc: vpc.id, isSameVpc: vpc.id === instance.vpc?.id}
}

async function chooseImage(
  api: VpcApi,
  instance: Instance,
  asked: string | undefined,
  names: Map<string, string>,
): Promise<Identity> {
  const {image} = instance
  if (asked !== undefined) return identityOf(api, 'image', asked, names)
  if (image?.id !== undefined && !image.isDeleted) return {id: image.id}
  throw usageError(`The image of ${targetName(instance)} no longer exists.`, 'Name one with --image.')
}

async function findSubnet(api: VpcApi, asked: string) {
  const ref = parseResourceRef(asked)
  // A CRN ends in the ID.
  if (ref.kind !== 'name') return (await api.getSubnet({id: ref.id})).result
  return theOnly('subnet', ref.name, pagesOf('the subnets', api.listSubnets))
}

/** What is looked up by name, and how it is listed. */
const listedBy = {
  image: (api: VpcApi, name: string) => pagesOf('the images', paging => api.listImages({...paging, name})),
  'SSH key': (api: VpcApi) => pagesOf('the SSH keys', api.listKeys),
}

/** An ID or CRN as it was typed, or the ID of what has that name. */
async function identityOf(
  api: VpcApi,
  what: keyof typeof listedBy,
  asked: string,
  names: Map<string, string>,
): Promise<Identity> {
  const ref = parseResourceRef(asked)
  if (ref.kind === 'crn') return {crn: ref.crn}
  if (ref.kind === 'id') return {id: ref.id}
  const found = await theOnly(what, ref.name, listedBy[what](api, ref.name))
  keepName(names, found)
  return {id: found.id}
}

/** The one of that name. Throws VpcmdError, exit 4, for none, and for more: a subnet's name is unique within its VPC only. */
async function theOnly<Row extends {name?: string}>(
  what: string,
  name: string,
  pages: AsyncGenerator<Page<Row>>,
): Promise<Row> {
  const found: Row[] = []
  for await (const {rows} of pages) found.push(...rows.filter(row => row.name === name))
  const [only, other] = found
  if (only && !other) return only
  throw new VpcmdError({
    code: other ? 'ambiguous_name' : 'not_found',
    message: `There is ${other ? 'more than one' : 'no'} ${what} ${name} in the region.`,
    ...(other && {hint: 'Pass its ID.'}),
    exitCode: exitCodes.notFound,
  })
}

interface Differs {
  isSameVpc: boolean
  isOtherProfile: boolean
  hasUserData: boolean
}

/** What is not copied, in words, one thing each. */
function leftOut(
  instance: Instance,
  {ipCount = 1, infrastructureNat}: PortDetails,
  {isSameVpc, isOtherProfile, hasUserData}: Differs,
): string[] {
  const {networkAttachments = [], networkInterfaces = [], vcpu} = instance
  const interfaces = Math.max(networkAttachments.length, networkInterfaces.length) - 1
  const all: [boolean, string][] = [
    [!hasUserData, `user data, which the VPC API does not return. To get it: vpcmd metadata collect ${instance.id}`],
    [!isSameVpc, 'security groups, which are of another VPC: the default one of the new VPC holds'],
    [interfaces > 0, counted(interfaces, 'further network interface')],
    // The instance shows no more of it than its name.
    [true, 'encryption key, size and profile of the boot volume, which gets the defaults'],
    [(instance.volumeCount ?? 1) > 1, 'data volumes'],
    [instance.hasCatalogOffering, 'the catalog offering, with its billing plan and licenses'],
    [
      instance.placementTarget !== undefined,
      `placement${instance.placementTarget?.name ? ` (${instance.placementTarget.name})` : ''}`,
    ],
    [instance.affinityPolicy === 'manual', 'the reservation'],
    [instance.clusterNetwork !== undefined, 'the cluster network'],
    [instance.instanceGroup !== undefined, 'the membership of an instance group'],
    [isOtherProfile, 'bandwidth of volumes and reservation affinity, which depend on the profile'],
    [(vcpu.percentage ?? 100) !== 100, `the share of its vCPUs, which is ${vcpu.percentage} %`],
    [ipCount > 1, `${ipCount - 1} further reserved ${ipCount === 2 ? 'IP' : 'IPs'} of its network interface`],
    [infrastructureNat === false, 'that its network interface has no infrastructure NAT'],
  ]
  return all.filter(([isLeft]) => isLeft).map(([, what]) => what)
}
