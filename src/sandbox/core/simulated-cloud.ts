import type {FleetStore} from '../fleet/fleet.ts'
import type {InstanceActions} from '../vpc/instance-actions.ts'

/** What the operations work on. */
export interface SimulatedCloud {
  fleet: FleetStore
  actions: InstanceActions
  /** Epoch milliseconds. */
  clock: () => number
  /** How long a start, a stop or a reboot takes, in milliseconds. */
  transitionMs: number
}
