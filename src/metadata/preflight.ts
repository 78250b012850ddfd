import pLimit from 'p-limit'
import type {Cloud} from '../cloud/cloud.ts'
import {rateLimits} from '../cloud/rate-limiter.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import type {PowerAction, Target} from './plan.ts'

/** What a stop and start may lose or fail by, and how it is said of an instance that has the risk; the worst first. */
const riskRules = {
  // A stop erases them cryptographically (ibm-cloud-docs/vpc, vsi_instance_storage.md).
  local_disks: instance =>
    instance.disks?.length !== 0 && `a stop erases its local disks for good (${diskNames(instance)})`,
  // Spot instances have no guaranteed capacity (ibm-cloud-docs/vpc, vsi_spot.md).
  spot: ({availabilityClass}) =>
    availabilityClass === 'spot' && 'it is of the spot class: there may be no capacity to start it again',
  dedicated_host(instance) {
    if (!isOnDedicatedHost(instance)) return false
    const {dedicatedHost, placementTarget: place} = instance
    const name = dedicatedHost?.name ?? place?.name ?? ''
    return `it must find room on dedicated host${place?.type === 'dedicated_host_group' ? ' group' : ''} ${name} again`
  },
  // `cannot_start_placement_group` (ibm-cloud-docs/vpc, instance-status-messages.md).
  placement_group: instance =>
    instance.placementTarget !== undefined &&
    !isOnDedicatedHost(instance) &&
    `it must find a host again that placement group ${instance.placementTarget.name ?? ''} allows`,
  // A member that fails is replaced (ibm-cloud-docs/vpc, vsi_is_creating_auto_scale_group.md).
  instance_group: ({instanceGroup: group}) =>
    group !== undefined && `instance group ${group.name ?? group.id ?? ''} may replace it while it is down`,
  // A stop gives up an automatic attachment, and keeps a manual one (ibm-cloud-docs/vpc, about-reserved-virtual-servers.md).
  automatic_reservation: ({reservation, affinityPolicy}) =>
    reservation !== undefined &&
    affinityPolicy === 'automatic' &&
    `a stop lets go of reservation ${reservation.name ?? reservation.id ?? ''}, which is attached automatically`,
  // "A start may find no capacity" (ibm-cloud-docs/vpc, instance-status-messages.md, cannot_start_capacity).
  no_reservation: instance =>
    instance.reservation === undefined && !isOnDedicatedHost(instance) && 'no reservation keeps capacity for its start',
} satisfies Record<string, (instance: Instance) => string | false>

export type RiskKind = keyof typeof riskRules
export const riskKinds = Object.keys(riskRules) as RiskKind[]

function isOnDedicatedHost({dedicatedHost, placementTarget}: Instance): boolean {
  return dedicatedHost !== undefined || /^dedicated_host(_group)?$/.test(placementTarget?.type ?? '')
}

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

/** Whether a stop erases data, by what was read. */
export function losesData({risks}: {risks?: Risk[]}): boolean {
  return (risks ?? []).some(({kind}) => kind === 'local_disks')
}

/**
 * Reads each instance afresh, and says what a stop and start would cost. One that does not run, that can't be read, or
 * that would lose its local disks without `acceptsDataLoss` is left out. In the order of the targets.
 */
export async function readPreflight(cloud: Cloud, targets: Target[], acceptsDataLoss: boolean): Promise<Preflight[]> {
  const each = targets.map(target => ({target}))
  return readAfresh(cloud, each, ({target}, result) =>
    result instanceof VpcmdError
      ? {target, risks: [], leftOut: unreadReason(result)}
      : {target, risks: risksOf(result), leftOut: whyNotToStop(result, acceptsDataLoss)},
  )
}

/** Reads the instance of each, and makes of it, or of why it can't be read, what `make` says. In the order given. */
export function readAfresh<Each extends {target: Target}, Made>(
  cloud: Cloud,
  all: Each[],
  make: (each: Each, read: Instance | VpcmdError) => Made,
): Promise<Made[]> {
  const readOne = async ({target}: Each) => {
    const api = cloud.api(await cloud.region(target), 'rollout')
    return (await api.getInstance({id: target.id})).result
  }
  return pLimit(rateLimits.max).map(all, async each => make(each, await readOne(each).catch(asVpcmdError)))
}

/** Why an instance that can't be read is left out. */
export function unreadReason({message}: VpcmdError): string {
  return `it could not be read: ${message}`
}

function diskNames({disks}: Instance): string {
  if (disks === undefined) return 'it is unknown whether it has any'
  return disks.map(({name = 'one without a name', size}) => `${name}, ${size ?? '?'} GB`).join('; ')
}

/** Why an instance as it is now is not to be stopped; undefined where it may be. */
export function whyNotToStop(instance: Instance, acceptsDataLoss: boolean): string | undefined {
  const {status, lifecycleState: lifecycle, disks} = instance
  if (status === undefined) return 'its status is unknown'
  if (status !== 'running') return `it is ${status}, not running`
  // `suspended`, `updating` and their like: something else is at it (IBM/vpc-node-sdk, vpc/v1.ts, Instance.lifecycle_state).
  if (lifecycle !== 'stable') return `its lifecycle state is ${lifecycle ?? 'unknown'}`
  // Disks that the API does not mention may be there.
  if (disks?.length === 0 || acceptsDataLoss) return undefined
  return `its local disks would be erased (${diskNames(instance)}), and --accept-data-loss was not given`
}

/** Why an instance as it is now is not to be started; undefined where it may be. */
export function whyNotToStart({status, lifecycleState: lifecycle}: Instance): string | undefined {
  if (status === undefined) return 'its status is unknown'
  if (status !== 'stopped' && status !== 'starting') return `it is ${status}, not stopped`
  return lifecycle === 'stable' ? undefined : `its lifecycle state is ${lifecycle ?? 'unknown'}`
}

const risksOfStops: readonly RiskKind[] = ['local_disks', 'instance_group', 'automatic_reservation']

/** The risks that an instance's own fields tell, the worst first; with `start`, those of its start alone. */
export function risksOf(instance: Instance, action: PowerAction = 'restart'): Risk[] {
  const kinds = action === 'start' ? riskKinds.filter(kind => !risksOfStops.includes(kind)) : riskKinds
  return kinds.flatMap(kind => {
    const text = riskRules[kind](instance)
    return text ? [{kind, text}] : []
  })
}

/** How many instances have each risk, the worst first. */
export function countRisks(preflights: Preflight[]): [RiskKind, number][] {
  return riskKinds.flatMap((kind): [RiskKind, number][] => {
    const count = preflights.filter(({risks}) => risks.some(risk => risk.kind === kind)).length
    return count > 0 ? [[kind, count]] : []
  })
}
