import type {ListInstancesParams} from '../cloud/vpc-sdk.ts'
import type {Instance} from '../cloud/wire.ts'
import {matchesGlob} from './globs.ts'
import {parseResourceRef, type ResourceRef} from './references.ts'

/** What a user asks of a listing, as typed. */
export interface Filters {
  vpc?: string
  resourceGroup?: string
  reservation?: string
  instanceGroup?: string
  availabilityClass?: string
  dedicatedHost?: string
  placementGroup?: string
  /** A pattern, where * stands for any text and ? for one character. */
  name?: string
  status?: string[]
  zone?: string[]
  metadata?: 'enabled' | 'disabled'
  protocol?: string
  hopLimit?: number
}

/** A listing's question: what the API filters, and what is left to us. */
export interface InstanceQuery {
  params: ListInstancesParams
  keep(instance: Instance): boolean
}

/**
 * Splits filters into those that `GET /instances` knows and the rest. The API has no filter by status, zone, metadata
 * settings or name pattern, none by a resource group's name, and none by an instance group's name
 * (IBM/vpc-node-sdk, vpc/v1.ts, listInstances).
 */
export function toQuery(filters: Filters): InstanceQuery {
  const params: ListInstancesParams = {}
  const tests: ((instance: Instance) => boolean)[] = []

  by(filters.vpc, {
    id: id => (params.vpcId = id),
    crn: crn => (params.vpcCrn = crn),
    name: name => (params.vpcName = name),
  })
  by(filters.dedicatedHost, {
    id: id => (params.dedicatedHostId = id),
    crn: crn => (params.dedicatedHostCrn = crn),
    name: name => (params.dedicatedHostName = name),
  })
  by(filters.placementGroup, {
    id: id => (params.placementGroupId = id),
    crn: crn => (params.placementGroupCrn = crn),
    name: name => (params.placementGroupName = name),
  })
  by(filters.reservation, {
    id: id => (params.reservationId = id),
    crn: crn => (params.reservationCrn = crn),
    name: name => (params.reservationName = name),
  })
  by(filters.instanceGroup, {
    id: id => (params.instanceGroupMembershipInstanceGroupId = id),
    crn: crn => (params.instanceGroupMembershipInstanceGroupCrn = crn),
    name: name => tests.push(instance => instance.instance_group_membership?.instance_group.name === name),
  })
  by(filters.resourceGroup, {
    id: id => (params.resourceGroupId = id),
    crn: (_crn, id) => (params.resourceGroupId = id),
    name: name => tests.push(instance => instance.resource_group.name === name),
  })
  if (filters.availabilityClass !== undefined) params.availabilityClass = filters.availabilityClass

  const {name, status, zone, metadata, protocol, hopLimit} = filters
  if (name !== undefined) {
    if (/[*?]/.test(name)) tests.push(instance => matchesGlob(name, instance.name))
    else params.name = name
  }
  if (status?.length) tests.push(instance => status.includes(instance.status))
  if (zone?.length) tests.push(instance => zone.includes(instance.zone.name))
  if (metadata) tests.push(instance => instance.metadata_service.enabled === (metadata === 'enabled'))
  if (protocol) tests.push(instance => instance.metadata_service.protocol === protocol)
  if (hopLimit !== undefined) tests.push(instance => instance.metadata_service.response_hop_limit === hopLimit)

  return {params, keep: instance => tests.every(test => test(instance))}
}

function by(
  text: string | undefined,
  use: {id(id: string): unknown; crn(crn: string, id: string): unknown; name(name: string): unknown},
): void {
  if (text === undefined) return
  const ref: ResourceRef = parseResourceRef(text)
  if (ref.kind === 'id') use.id(ref.id)
  else if (ref.kind === 'crn') use.crn(ref.crn, ref.id)
  else use.name(ref.name)
}
