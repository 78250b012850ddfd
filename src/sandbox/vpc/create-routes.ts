import {randomBytes, randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import type {Cloud, Environment} from '../core/environment.ts'
import {etagOf} from '../core/etag.ts'
import {refusal} from '../core/patch-fields.ts'
import {defaultMetadata, defaultsGroup, type InstanceRecord, type KnownPart} from '../core/records.ts'
import type {FleetStore} from '../fleet/fleet.ts'
import {isWindows} from './images.ts'
import {instanceBody} from './instance-body.ts'
import {readInstancePrototype, type WantedInstance} from './instance-prototype.ts'
import {encryptFor, keyFacts} from './ssh-keys.ts'
import {freeAddress} from './subnets.ts'

function recordOf(
  wanted: WantedInstance,
  fleet: FleetStore,
  {region, order, now}: {region: string; order: number; now: number},
): InstanceRecord {
  const known: Partial<Record<KnownPart, string>> = {
    ...(wanted.attachmentName !== undefined && {attachmentName: wanted.attachmentName}),
    ...(wanted.bootVolumeName !== undefined && {bootVolumeName: wanted.bootVolumeName}),
  }
  return {
    order,
    id: `${wanted.zone.prefix}_${randomUUID()}`,
    name: wanted.name ?? `instance-${order}`,
    region,
    zone: wanted.zone.name,
    vpc: wanted.subnet.vpc.id,
    address: freeAddress(fleet, wanted.subnet),
    created: now,
    status: 'running',
    action: undefined,
    failures: undefined,
    metadata: {...defaultMetadata, ...wanted.metadata},
    revision: 0,
    deleted: false,
    profile: wanted.profile,
    resourceGroup: wanted.resourceGroup ?? defaultsGroup,
    image: wanted.image,
    keyIds: wanted.keys.map(key => key.id),
    known,
    ...(wanted.isSpot && {spot: true}),
    given: wanted.given,
    givenInterface: wanted.givenInterface,
    reservationPolicy: wanted.reservationPolicy,
    ...(wanted.isLegacy && {legacyInterfaces: true}),
    ...(wanted.secureBoot && {secureBoot: true}),
    ...(wanted.securityGroupIds && {securityGroupIds: wanted.securityGroupIds}),
    ...(wanted.trustedProfile && {trustedProfile: wanted.trustedProfile}),
    ...(wanted.userData !== undefined && {userData: wanted.userData}),
    ...(isWindows(wanted.image) && {password: newPassword(wanted)}),
  }
}

function newPassword({keys}: WantedInstance): InstanceRecord['password'] {
  const key = keys.find(each => keyFacts(each.publicKey)?.type === 'rsa')
  if (key === undefined) throw new Error('A Windows instance has no RSA key.')
  const fingerprint = keyFacts(key.publicKey)?.fingerprint ?? ''
  return {encrypted: encryptFor(key.publicKey, randomBytes(12).toString('base64')), fingerprint}
}

/** `POST /instances` by image (IBM/vpc-node-sdk vpc/v1.ts `createInstance`). What is created starts at once, as IBM's does. */
export function createRoutes({fleet, actions, clock, transitionMs}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.post('/instances', async c => {
    const region = c.get('region')
    const text = await c.req.text()
    const made = await fleet.instances.add(order => {
      const wanted = readInstancePrototype(text, fleet, region)
      const record = recordOf(wanted, fleet, {region: region.name, order, now: clock()})
      if (fleet.instances.named(region.name, record.name).length > 0) {
        throw refusal('validation_unique_failed', `Provided Name (${record.name}) is not unique`, 'name', record.name)
      }
      return record
    })
    // A change like any other start, which can fail, and which another status can end.
    const start = (current: InstanceRecord) => actions.begin(current, 'start', made.created)
    const record = (await fleet.instances.update(region.name, made.id, start)) ?? made
    const sending = {base: c.get('base'), now: clock(), transitionMs}
    return c.json(instanceBody(record, fleet.vpcName(record.vpc), sending), 201, {etag: etagOf(record)})
  })
  return routes
}
