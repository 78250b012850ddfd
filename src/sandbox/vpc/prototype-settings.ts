import {isObject, refusal, wrongType} from '../core/patch-fields.ts'
import {notSimulated, readBoolean, readFields} from '../core/prototype-fields.ts'
import type {GivenInterface, GivenSettings} from '../core/records.ts'
import {profileOf} from './profiles.ts'

/** The fields of a prototype that `readGivenSettings` reads. */
export const givenFields = [
  'availability_policy',
  'confidential_compute_mode',
  'total_volume_bandwidth',
  'volume_bandwidth_qos_mode',
]

/** One of `options`, or undefined where it is left out. Throws 400. */
export function readOption<Option extends string>(
  value: unknown,
  field: string,
  options: readonly Option[],
): Option | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw wrongType(field, value)
  const found = options.find(option => option === value)
  if (found === undefined) {
    throw refusal('validation_enum', 'The value supplied was not a valid option.', field, value)
  }
  return found
}

/**
 * What a prototype gives an instance that the instance shows as it was given (IBM/vpc-node-sdk vpc/v1.ts
 * `InstancePrototype`); whether its profile has the modes is not looked at. Throws 400.
 */
export function readGivenSettings(body: Record<string, unknown>, profile: string): GivenSettings {
  const given: GivenSettings = {
    availability_policy: readAvailabilityPolicy(body.availability_policy),
    confidential_compute_mode: readOption(body.confidential_compute_mode, 'confidential_compute_mode', [
      'disabled',
      'sgx',
      'tdx',
    ]),
    total_volume_bandwidth: readVolumeBandwidth(body.total_volume_bandwidth, profile),
    volume_bandwidth_qos_mode: readOption(body.volume_bandwidth_qos_mode, 'volume_bandwidth_qos_mode', [
      'pooled',
      'weighted',
    ]),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function readAvailabilityPolicy(value: unknown): GivenSettings['availability_policy'] {
  if (value === undefined) return undefined
  const field = 'availability_policy'
  const {host_failure: hostFailure, preemption} = readFields(value, field, ['host_failure', 'preemption'])
  return {
    host_failure: readOption(hostFailure, `${field}.host_failure`, ['restart', 'stop']) ?? 'restart',
    preemption: readOption(preemption, `${field}.preemption`, ['delete', 'stop']) ?? 'stop',
  }
}

/** The least that is left to volumes and to networks, in Mbit/s (ibm-cloud-docs/vpc instance-profiles-vpc-bandwidth.md). */
const leastBandwidth = 500

function readVolumeBandwidth(value: unknown, profile: string): number | undefined {
  const field = 'total_volume_bandwidth'
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(field, value)
  if (value < leastBandwidth) {
    throw refusal('validation_min_value', 'A value provided for a parameter is smaller than allowed.', field, value)
  }
  if (value > profileOf(profile).bandwidth - leastBandwidth) {
    throw refusal('validation_max_value', 'A value provided for a parameter is larger than allowed.', field, value)
  }
  return value
}

/** `reservation_affinity`, or undefined where it is left out. Throws 400, and 501 for reservations that are named. */
export function readReservationPolicy(value: unknown): 'automatic' | 'disabled' | undefined {
  if (value === undefined) return undefined
  const field = 'reservation_affinity'
  const {policy, pool} = readFields(value, field, ['policy', 'pool'])
  if (pool !== undefined && !Array.isArray(pool)) throw wrongType(`${field}.pool`, pool)
  const read = readOption(policy, `${field}.policy`, ['automatic', 'disabled', 'manual'])
  if (read === 'manual' || (pool && pool.length > 0)) throw notSimulated(`${field} with reservations`)
  return read
}

/** What the primary interface is given that it shows as it was given. That it outlives its instance unless told otherwise is a guess. Throws 400. */
export function readGivenInterface(value: unknown, field: string): GivenInterface {
  if (!isObject(value)) return {}
  const spoofing = readBoolean(value.allow_ip_spoofing, `${field}.allow_ip_spoofing`)
  const filtering = readOption(value.protocol_state_filtering_mode, `${field}.protocol_state_filtering_mode`, [
    'auto',
    'disabled',
    'enabled',
  ])
  return {
    auto_delete: readBoolean(value.auto_delete, `${field}.auto_delete`) ?? false,
    ...(spoofing !== undefined && {allow_ip_spoofing: spoofing}),
    ...(filtering !== undefined && {protocol_state_filtering_mode: filtering}),
  }
}
