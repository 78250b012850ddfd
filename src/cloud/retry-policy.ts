/**
 * How often and for how long vpcmd tries, and how long it waits: each budget once, by name, for every request that it makes.
 * Times are in milliseconds.
 */
export const retryPolicy = {
  /** One request. A random half of each pause is left out. */
  request: {tries: 5, pauses: {firstMs: 500, longestMs: 20_000}},
  /** Answers that a later try may better. */
  statuses: [429, 500, 502, 503, 504],
  /**
   * How long being throttled counts as no try. It runs anew whenever another request to the region comes through: with many
   * in line, a turn can take minutes. A wait is never longer than what is left of it. `read` and `token` are throttled where
   * they are asked to wait (429, or 503 with Retry-After); `rollout`, which changes many, by any 503.
   */
  patienceMs: {token: 5 * 60_000, read: 5 * 60_000, rollout: 15 * 60_000},
  /** How long a change is sent again that met another one (409): it was surely not applied. */
  conflictMs: 2 * 60_000,
  /** Five tries of a token, with their pauses, end within five minutes. */
  token: {longestTimeoutMs: 50_000},
  /** `ibmcloud iam oauth-tokens`: it waits for up to 30 seconds for a lock of its own before it asks IAM. */
  ibmcloud: {timeoutMs: 60_000},
  /** The metadata service is in the same machine: it answers at once or not at all. */
  metadataToken: {longestTimeoutMs: 5000},
  /** The metadata service as an instance asks it: to find it, to ask it once, and to look up its name. */
  metadataService: {findMs: 1400, requestMs: 10_000, lookUpMs: 1000},
  /** Kept connections: a tunnel that was idle for longer may have been forgotten by the proxy. As Node's own agent has it. */
  idleConnectionMs: 5000,
  /** How often a change of a rollout is sent that fails in doubt, is refused for load (503), or for an ETag just read. */
  change: {failing: 5, overloaded: 40, mismatched: 3, pauses: {firstMs: 500, longestMs: 8000}},
  /** How old a reading may get in a long rollout before its server is looked at again, which takes twice the requests. */
  freshForMs: 30_000,
  /** Looks at an instance that starts, stops or is being made, which takes from seconds to minutes. */
  look: {pauses: {firstMs: 500, longestMs: 5000}},
  /** How often a stop or a start is sent that fails in doubt, and how long its effect may take to show before that. */
  power: {rounds: 8, doubtPausesMs: [0, 500, 1000, 2000]},
  /** A login by ssh that reads an instance's metadata there: it takes longer than one request may. */
  collect: {connectMs: 15_000, leastTimeoutMs: 120_000},
} as const

/** The pause after so many others (from 0): each is twice the one before, up to the longest. */
export function pauseAfter(count: number, {firstMs, longestMs}: {firstMs: number; longestMs: number}): number {
  return Math.min(firstMs * 2 ** count, longestMs)
}
