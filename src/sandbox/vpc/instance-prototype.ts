import {crnOf} from '../core/ids.ts'
import {isObject, readObject, refusal, wrongType} from '../core/patch-fields.ts'
import {
  type Identity,
  isNamed,
  notSimulated,
  readBoolean,
  readFields,
  readIdentity,
  readName,
  readResourceGroup,
  requiredField,
  unknownIdentity,
} from '../core/prototype-fields.ts'
import type {
  GivenInterface,
  GivenSettings,
  InstanceRecord,
  KeyRecord,
  MetadataSettings,
  NamedResource,
  TrustedProfileRecord,
} from '../core/records.ts'
import type {RegionPlace, ZonePlace} from '../core/regions.ts'
import type {FleetStore} from '../fleet/fleet.ts'
import {imagesIn} from './images.ts'
import {readSettings} from './instance-patch.ts'
import {profileNames} from './profiles.ts'
import {
  givenFields,
  readGivenInterface,
  readGivenSettings,
  readOption,
  readReservationPolicy,
} from './prototype-settings.ts'
import {keyFacts, keysIn} from './ssh-keys.ts'
import {type Subnet, securityGroupsOf, subnetsOf} from './subnets.ts'

/** An instance that is to be created, all of whose parts exist. */
export interface WantedInstance {
  name: string | undefined
  zone: ZonePlace
  profile: string
  image: NamedResource
  subnet: Subnet
  /** Undefined for the VPC's default one. */
  securityGroupIds: string[] | undefined
  isLegacy: boolean
  attachmentName: string | undefined
  keys: KeyRecord[]
  userData: string | undefined
  metadata: Partial<MetadataSettings>
  trustedProfile: TrustedProfileRecord | undefined
  resourceGroup: {id: string; name: string} | undefined
  isSpot: boolean
  secureBoot: boolean
  bootVolumeName: string | undefined
  reservationPolicy: InstanceRecord['reservationPolicy']
  given: GivenSettings
  givenInterface: GivenInterface
}

/** The most that user data may hold, in bytes. No source states IBM's limit: this one is the sandbox's. */
const longestUserData = 64 * 1024

const known = [
  ...givenFields,
  'availability',
  'boot_volume_attachment',
  'default_trusted_profile',
  'enable_secure_boot',
  'image',
  'keys',
  'metadata_service',
  'name',
  'primary_network_attachment',
  'primary_network_interface',
  'profile',
  'reservation_affinity',
  'resource_group',
  'user_data',
  'vpc',
  'zone',
]

// What else IBM/vpc-node-sdk vpc/v1.ts has in `InstancePrototype` and the kinds of it.
const others = [
  'catalog_offering',
  'cluster_network_attachments',
  'network_attachments',
  'network_interfaces',
  'placement_target',
  'source_template',
  'vcpu',
  'volume_attachments',
]

/**
 * Reads the body of `POST /instances`, by image, and finds what it names in `region`. Throws 400 or 404 with the field as
 * target, 501 for what the sandbox does not simulate.
 */
export function readInstancePrototype(text: string, fleet: FleetStore, region: RegionPlace): WantedInstance {
  const body = readFields(readObject(text), '', known, others)
  const zone = findOne(
    region.zones.map(each => ({...each, id: each.name})),
    readIdentity(body.zone, 'zone', ['name', 'href']),
  )
  const image = findOne(imagesIn(fleet, region.name), readIdentity(body.image, 'image', ['id', 'crn', 'href']))
  const keys = readKeys(body.keys, keysIn(fleet, region.name))
  if (image.name.includes('windows') && !keys.some(key => keyFacts(key.publicKey)?.type === 'rsa')) {
    throw refusal('validation_failed', 'A Windows image needs a key of type rsa.', 'keys', undefined)
  }
  const network = readNetwork(body, fleet, region)
  if (network.subnet.zone !== zone.name) {
    throw refusal('validation_failed', 'The subnet is in another zone.', `${network.field}.subnet`, network.subnet.id)
  }
  if (body.vpc !== undefined) {
    const identity = readIdentity(body.vpc, 'vpc', ['id', 'crn', 'href'])
    const vpc = findOne(
      fleet.vpcsOf(region.name).map(each => ({...each, crn: crnOf(region.name, 'vpc', each.id)})),
      identity,
    )
    if (vpc.id !== network.subnet.vpc.id) {
      throw refusal('validation_failed', 'The subnet is in another VPC.', identity.field, identity.value)
    }
  }
  const profile = body.profile === undefined ? 'bx2-2x8' : readProfile(body.profile)
  return {
    name: body.name === undefined ? undefined : readName(body.name, 'name'),
    zone,
    profile,
    image,
    ...network,
    keys,
    userData: readUserData(body.user_data),
    metadata: body.metadata_service === undefined ? {} : readSettings(body.metadata_service),
    trustedProfile: readTrustedProfile(body.default_trusted_profile),
    resourceGroup: readResourceGroup(body.resource_group),
    isSpot: readIsSpot(body.availability),
    secureBoot: readBoolean(body.enable_secure_boot, 'enable_secure_boot') ?? false,
    bootVolumeName: readBootVolume(body.boot_volume_attachment),
    reservationPolicy: readReservationPolicy(body.reservation_affinity),
    given: readGivenSettings(body, profile),
  }
}

function findOne<T extends {id: string; crn?: string; name?: string}>(rows: readonly T[], identity: Identity): T {
  const found = rows.find(each => isNamed(identity, each))
  if (found === undefined) throw unknownIdentity(identity)
  return found
}

function readKeys(value: unknown, keys: readonly KeyRecord[]): KeyRecord[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw wrongType('keys', value)
  const rows = keys.map(key => ({
    key,
    id: key.id,
    crn: crnOf(key.region, 'key', key.id),
    fingerprint: keyFacts(key.publicKey)?.fingerprint,
  }))
  return value.map((each, index) => {
    const identity = readIdentity(each, `keys[${index}]`, ['id', 'crn', 'href', 'fingerprint'])
    return findOne(rows, identity).key
  })
}

function readProfile(value: unknown): string {
  const identity = readIdentity(value, 'profile', ['name', 'href'])
  return findOne(
    profileNames.map(name => ({id: name, name})),
    identity,
  ).name
}

function readUserData(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw wrongType('user_data', value)
  if (Buffer.byteLength(value) <= longestUserData) return value
  throw refusal(
    'validation_max_length',
    'A value provided for a parameter is longer than allowed.',
    'user_data',
    undefined,
  )
}

function readIsSpot(value: unknown): boolean {
  if (value === undefined) return false
  const {class: kind} = readFields(value, 'availability', ['class'])
  return readOption(kind, 'availability.class', ['spot', 'standard']) === 'spot'
}

function readTrustedProfile(value: unknown): TrustedProfileRecord | undefined {
  if (value === undefined) return undefined
  const field = 'default_trusted_profile'
  const {auto_link: autoLink, target} = readFields(value, field, ['auto_link', 'target'])
  const identity = readIdentity(target, `${field}.target`, ['id', 'crn'])
  const id = identity.by === 'crn' ? (identity.value.split(':').at(-1) ?? '') : identity.value
  if (!/^Profile-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw unknownIdentity(identity)
  return {id, autoLink: readBoolean(autoLink, `${field}.auto_link`) ?? true}
}

function readBootVolume(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const field = 'boot_volume_attachment'
  const {volume} = readFields(value, field, ['delete_volume_on_instance_delete', 'name', 'volume'])
  if (volume === undefined) throw requiredField(`${field}.volume`)
  const {name} = readFields(
    volume,
    `${field}.volume`,
    ['capacity', 'name', 'profile'],
    ['allowed_use', 'bandwidth', 'encryption_key', 'iops', 'resource_group', 'user_tags'],
  )
  return name === undefined ? undefined : readName(name, `${field}.volume.name`)
}

interface Network {
  field: string
  subnet: Subnet
  securityGroupIds: string[] | undefined
  givenInterface: GivenInterface
  isLegacy: boolean
  attachmentName: string | undefined
}

/** The primary network attachment with a new virtual network interface, or the primary network interface: one of the two. */
function readNetwork(body: Record<string, unknown>, fleet: FleetStore, region: RegionPlace): Network {
  const isLegacy = body.primary_network_attachment === undefined
  if (!isLegacy && body.primary_network_interface !== undefined) {
    const message = 'Only one of primary_network_attachment and primary_network_interface is allowed.'
    throw refusal('validation_failed', message, 'primary_network_interface', undefined)
  }
  const outer = isLegacy ? 'primary_network_interface' : 'primary_network_attachment'
  if (body[outer] === undefined) throw requiredField('primary_network_attachment')
  const field = isLegacy ? outer : `${outer}.virtual_network_interface`
  const parts = ['security_groups', 'subnet']
  const {name, ...given} = isLegacy
    ? readFields(body[outer], outer, ['name', 'allow_ip_spoofing', ...parts], ['primary_ip'])
    : readFields(body[outer], outer, ['name', 'virtual_network_interface'])
  const inner = isLegacy ? given : given.virtual_network_interface
  if (inner === undefined) throw requiredField(field)
  if (isObject(inner) && ['id', 'crn', 'href'].some(each => each in inner)) {
    throw notSimulated(`${field} of one that exists`)
  }
  const {subnet: named, security_groups: groups} = readFields(
    inner,
    field,
    [
      'allow_ip_spoofing',
      'auto_delete',
      'enable_infrastructure_nat',
      'name',
      'protocol_state_filtering_mode',
      ...parts,
    ],
    ['ips', 'primary_ip', 'resource_group'],
  )
  const subnet = findOne(subnetsOf(fleet, region), readIdentity(named, `${field}.subnet`, ['id', 'crn', 'href']))
  return {
    field,
    subnet,
    securityGroupIds: readSecurityGroups(groups, `${field}.security_groups`, subnet),
    givenInterface: readGivenInterface(inner, field),
    isLegacy,
    attachmentName: name === undefined ? undefined : readName(name, `${outer}.name`),
  }
}

function readSecurityGroups(value: unknown, field: string, subnet: Subnet): string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw wrongType(field, value)
  const groups = securityGroupsOf(subnet.vpc)
  return value.map((each, index) => findOne(groups, readIdentity(each, `${field}[${index}]`, ['id', 'crn', 'href'])).id)
}
