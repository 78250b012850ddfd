import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import {rateLimits} from '../cloud/rate-limiter.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {VpcmdError} from '../errors.ts'
import type {Target} from './plan.ts'

/** What can go wrong with a stop and start, or be lost by it; the worst first. */
export const riskKinds = [
  'local_disks',
  'spot',
  'dedicated_host',
  'placement_group',
  'instance_group',
  'automatic_reservation',
  'no_reservation',
] as const
export type RiskKind = (typeof riskKinds)[number]

export interface Risk {
  kind: RiskKind
  /** In words, after the instance's name and a colon. */
  text: string
}

/** What a stop and start of one instance would cost. */
export interface Preflight {
  target: Target
  risks: Risk[]
  /** Why it is not to be stopped and started; undefined where it is. */
  leftOut: string | undefined
}

/** What was read shows that a stop erases data. */
export function losesData({risks}: Preflight): boolean {
  return risks.some(({kind}) => kind === 'local_disks')
}

/**
 * Reads each instance afresh, and says what a stop and start would cost. One that does not run, that can't be read, or
 * that would lose its local disks without `acceptsDataLoss` is left out. In the order of the targets.
 */
export async function readPreflight(cloud: Cloud, targets: Target[], acceptsDataLoss: boolean): Promise<Preflight[]> {
  const limit = pLimit(rateLimits.max)
  return Promise.all(
    targets.map(target =>
      limit(async () => {
        try {
          const region = await cloud.region(target.region)
          const {result} = await cloud.api(region, 'rollout').getInstance({id: target.id})
          return assess(target, result, acceptsDataLoss)
        } catch (error) {
          if (!(error instanceof VpcmdError)) throw error
          return {target, risks: [], leftOut: `it could not be read: ${error.message}`}
        }
      }),
    ),
  )
}

function assess(target: Target, instance: Instance, acceptsDataLoss: boolean): Preflight {
  return {target, risks: risksOf(instance), leftOut: whyNotToStop(instance, acceptsDataLoss)}
}

function diskNames({disks}: Instance): string {
  if (disks === undefined) return 'whether it has any is not told'
  return disks.map(({name = 'one without a name', size}) => `${name}, ${size ?? '?'} GB`).join('; ')
}

/** Why an instance as it is now is not to be stopped; undefined where it may be. */
export function whyNotToStop(instance: Instance, acceptsDataLoss: boolean): string | undefined {
  const {status, lifecycleState: lifecycle, disks} = instance
  if (status === undefined) return 'its status is not told'
  if (status !== 'running') return `it is ${status}, not running`
  // `suspended`, `updating` and their like: something else is at it (IBM/vpc-node-sdk, vpc/v1.ts, Instance.lifecycle_state).
  if (lifecycle !== 'stable') return `its lifecycle state is ${lifecycle ?? 'not told'}`
  // What is not told may be there.
  if (disks?.length === 0 || acceptsDataLoss) return undefined
  return `its local disks would be erased (${diskNames(instance)}), and --accept-data-loss was not given`
}

/** The risks that an instance's own fields tell, the worst first. */
export function risksOf(instance: Instance): Risk[] {
  const {disks, placementTarget: place, dedicatedHost: host, reservation} = instance
  const risks: Risk[] = []
  const add = (kind: RiskKind, text: string) => risks.push({kind, text})
  if (disks?.length !== 0) {
    // A stop erases them cryptographically (ibm-cloud-docs/vpc, vsi_instance_storage.md).
    add('local_disks', `a stop erases its local disks for good (${diskNames(instance)})`)
  }
  // Spot instances have no guaranteed capacity (ibm-cloud-docs/vpc, vsi_spot.md).
  if (instance.availabilityClass === 'spot')
    add('spot', 'it is of the spot class: there may be no capacity to start it again')
  const isOnHosts = place?.type === 'dedicated_host_group'
  if (host !== undefined || isOnHosts || place?.type === 'dedicated_host') {
    const name = host?.name ?? place?.name ?? ''
    add('dedicated_host', `it must find room on dedicated host${isOnHosts ? ' group' : ''} ${name} again`)
  } else if (place !== undefined) {
    // `cannot_start_placement_group` (ibm-cloud-docs/vpc, instance-status-messages.md).
    add('placement_group', `it must find a host again that placement group ${place.name ?? ''} allows`)
  }
  const group = instance.instanceGroup
  // A member that fails is replaced (ibm-cloud-docs/vpc, vsi_is_creating_auto_scale_group.md).
  if (group) add('instance_group', `instance group ${group.name ?? group.id ?? ''} may replace it while it is down`)
  const hasHost = risks.some(({kind}) => kind === 'dedicated_host')
  if (reservation === undefined) {
    // "A start may find no capacity" (ibm-cloud-docs/vpc, instance-status-messages.md, cannot_start_capacity).
    if (!hasHost) add('no_reservation', 'no reservation keeps capacity for its start')
  } else if (instance.affinityPolicy === 'automatic') {
    // A stop gives up an automatic attachment, and keeps a manual one (ibm-cloud-docs/vpc, about-reserved-virtual-servers.md).
    add(
      'automatic_reservation',
      `a stop lets go of reservation ${reservation.name ?? reservation.id ?? ''}, which is attached automatically`,
    )
  }
  return risks
}

/** How many of the instances that are to be restarted have each risk, the worst first. */
export function countRisks(preflights: Preflight[]): [RiskKind, number][] {
  return riskKinds.flatMap((kind): [RiskKind, number][] => {
    const count = preflights.filter(({risks}) => risks.some(risk => risk.kind === kind)).length
    return count > 0 ? [[kind, count]] : []
  })
}
