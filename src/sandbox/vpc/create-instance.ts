import {randomBytes, randomUUID} from 'node:crypto'
import {type FieldCode, fieldError, notSimulated} from '../core/api-error.ts'
import {crnOf} from '../core/ids.ts'
import type {GivenSettings, InstanceRecord, KeyRecord} from '../core/records.ts'
import {resourceIn} from '../core/references.ts'
import type {RegionPlace} from '../core/regions.ts'
import {newInstance} from '../fleet/default-fleet.ts'
import type {FleetStore} from '../fleet/fleet.ts'
import {imagesIn, isWindows} from './images.ts'
import {encryptFor, keyFacts} from './keys.ts'
import {securityGroupsIn} from './networking.ts'
import {profileNames, profileOf} from './profiles.ts'
import {findByNaming, type RequestBody, unknownNaming} from './request-body.ts'
import {freeAddress, subnetsOf} from './vpc-networks.ts'

type Prototype = RequestBody<'instancePrototype'>

/**
 * The record of an instance to be created by image, whose parts exist in `region`. Throws 400 or 404 with the field as
 * target, 501 for what the sandbox does not simulate.
 */
export function newInstanceRecord(
  asked: Prototype,
  fleet: FleetStore,
  region: RegionPlace,
  {order, now}: {order: number; now: number},
): InstanceRecord {
  const zones = region.zones.map(each => ({...each, id: each.name}))
  const zone = findByNaming(zones, asked.zone, 'zone')
  const image = findByNaming(imagesIn(fleet, region.name), asked.image, 'image')
  const keys = findKeys(asked, fleet.keys.of(region.name))
  const {field, isLegacy, attachmentName, subnet: naming, security_groups: groups, ...given} = networkOf(asked)
  const subnet = findByNaming(subnetsOf(fleet, region), naming, `${field}.subnet`)
  if (subnet.zone !== zone.name) {
    throw fieldError('validation_failed', `${field}.subnet`, subnet.id, 'The subnet is in another zone.')
  }
  if (asked.vpc !== undefined) {
    const vpcs = fleet.vpcs.of(region.name).map(each => resourceIn(region.name, 'vpcs', each))
    if (findByNaming(vpcs, asked.vpc, 'vpc').id !== subnet.vpc.id) {
      const [[by, value] = []] = Object.entries(asked.vpc)
      throw fieldError('validation_failed', `vpc.${by}`, value, 'The subnet is in another VPC.')
    }
  }
  const inVpc = securityGroupsIn({region: region.name, vpc: subnet.vpc.id})
  const profile = asked.profile ? findByNaming(profiles, asked.profile, 'profile').name : newInstance.profile
  return {
    ...newInstance,
    order,
    id: `${zone.prefix}_${randomUUID()}`,
    name: asked.name ?? `instance-${order}`,
    region: region.name,
    zone: zone.name,
    vpc: subnet.vpc.id,
    address: freeAddress(fleet, subnet),
    created: now,
    metadata: {...newInstance.metadata, ...asked.metadata_service},
    profile,
    resourceGroup: asked.resource_group ?? newInstance.resourceGroup,
    image,
    keyIds: keys.map(key => key.id),
    known: defined({attachmentName, bootVolumeName: asked.boot_volume_attachment?.volume.name}),
    given: givenSettings(asked, profile),
    givenInterface: defined(given),
    reservationPolicy: reservationPolicyOf(asked),
    ...defined({
      spot: asked.availability?.class === 'spot' || undefined,
      legacyInterfaces: isLegacy || undefined,
      secureBoot: asked.enable_secure_boot || undefined,
      securityGroupIds: groups?.map(
        (each, index) => findByNaming(inVpc, each, `${field}.security_groups[${index}]`).id,
      ),
      trustedProfile: asked.default_trusted_profile && trustedProfileOf(asked.default_trusted_profile),
      userData: asked.user_data,
      password: isWindows(image) ? newPassword(keys) : undefined,
    }),
  }
}

const profiles = profileNames.map(name => ({id: name, name}))

function defined<Value extends object>(value: Value): {[Name in keyof Value]?: Exclude<Value[Name], undefined>} {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as typeof value
}

function findKeys({keys}: Prototype, all: readonly KeyRecord[]): KeyRecord[] {
  const rows = all.map(key => ({
    key,
    id: key.id,
    crn: crnOf(key.region, 'key', key.id),
    fingerprint: keyFacts(key.publicKey)?.fingerprint,
  }))
  return keys.map((each, index) => findByNaming(rows, each, `keys[${index}]`).key)
}

/** The primary network attachment with a new virtual network interface, or the primary network interface: one of the two. */
function networkOf({primary_network_attachment: attachment, primary_network_interface: legacy}: Prototype) {
  if (attachment !== undefined && legacy !== undefined) {
    const message = 'Only one of primary_network_attachment and primary_network_interface is allowed.'
    throw fieldError('validation_failed', 'primary_network_interface', undefined, message)
  }
  if (attachment !== undefined) {
    const {enable_infrastructure_nat: _nat, name: _name, ...given} = attachment.virtual_network_interface
    const field = 'primary_network_attachment.virtual_network_interface'
    return {...given, field, isLegacy: false, attachmentName: attachment.name}
  }
  if (legacy === undefined) throw fieldError('validation_required_field', 'primary_network_attachment')
  const {name: attachmentName, ...given} = legacy
  return {auto_delete: false, ...given, field: 'primary_network_interface', isLegacy: true, attachmentName}
}

/** The least bandwidth for volumes and for networks, in Mbit/s (ibm-cloud-docs/vpc instance-profiles-vpc-bandwidth.md). */
const leastBandwidth = 500

/** The settings that the instance shows as given; does not check whether its profile has the modes. */
function givenSettings(asked: Prototype, profile: string): GivenSettings {
  const {total_volume_bandwidth: bandwidth = leastBandwidth} = asked
  const refuse = (code: FieldCode) => fieldError(code, 'total_volume_bandwidth', bandwidth)
  if (bandwidth < leastBandwidth) throw refuse('validation_min_value')
  if (bandwidth > profileOf(profile).bandwidth - leastBandwidth) throw refuse('validation_max_value')
  return defined({
    availability_policy: asked.availability_policy,
    confidential_compute_mode: asked.confidential_compute_mode,
    total_volume_bandwidth: asked.total_volume_bandwidth,
    volume_bandwidth_qos_mode: asked.volume_bandwidth_qos_mode,
  })
}

function reservationPolicyOf({reservation_affinity: affinity}: Prototype): 'automatic' | 'disabled' | undefined {
  const {policy, pool = []} = affinity ?? {}
  const wanted = 'reservation_affinity with reservations'
  if (policy === 'manual' || pool.length > 0) throw notSimulated(wanted, wanted)
  return policy
}

function trustedProfileOf({auto_link: autoLink, target}: NonNullable<Prototype['default_trusted_profile']>) {
  const id = target.id ?? target.crn?.split(':').at(-1) ?? ''
  if (/^Profile-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return {id, autoLink}
  throw unknownNaming(target, 'default_trusted_profile.target')
}

/** Throws 400 without an RSA key to encrypt the password with. */
function newPassword(keys: readonly KeyRecord[]): InstanceRecord['password'] {
  const key = keys.find(each => keyFacts(each.publicKey)?.type === 'rsa')
  if (key === undefined) {
    throw fieldError('validation_failed', 'keys', undefined, 'A Windows image needs a key of type rsa.')
  }
  const fingerprint = keyFacts(key.publicKey)?.fingerprint ?? ''
  return {encrypted: encryptFor(key.publicKey, randomBytes(12).toString('base64')), fingerprint}
}
