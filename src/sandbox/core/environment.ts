import type {HttpBindings} from '@hono/node-server'
import type {FleetStore} from '../fleet/fleet.ts'
import type {InstanceActions} from '../vpc/instance-actions.ts'
import type {RegionPlace} from './regions.ts'

/** What a request carries from the front door to its operation. */
export interface Environment {
  Bindings: HttpBindings
  Variables: {
    /** UUID by which IBM's support finds a request; also the header `X-Request-Id`. */
    trace: string
    /** `http://127.0.0.1:PORT`, by the name the request came by. */
    origin: string
    region: RegionPlace
    /** What the hrefs of the answer begin with: the endpoint the request came by, and `/v1`. */
    base: string
  }
}

/** What the operations work on. */
export interface SimulatedCloud {
  fleet: FleetStore
  actions: InstanceActions
  /** Epoch milliseconds. */
  clock: () => number
  /** How long a start, a stop or a reboot takes, in milliseconds. */
  transitionMs: number
}
