import type {Instance} from '../cloud/readers/instance.ts'
import type {BareMetalServer} from '../cloud/readers/resources.ts'
import {pauseAfter, retryPolicy} from '../cloud/retry-policy.ts'
import {isIndeterminate} from '../cloud/service-errors.ts'
import type {CallControls, VpcApi} from '../cloud/vpc-api.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import {targetName} from '../instances/references.ts'
import {
  areSameSettings,
  inFull,
  ofBareMetal,
  patchBetween,
  type Settings,
  settingsLabel,
} from '../instances/settings.ts'
import type {Settled} from './outcomes.ts'
import {hasMetadataService, noService, type PlannedChange, untoldSettings} from './plan.ts'

export interface SettleOptions {
  /** The VPC API of the target's region, in the manner of a rollout. */
  api: VpcApi
  /** Whether the reading in the plan is too old to act on. Asked again when the rate limiter lets the patch in. */
  mustLook(): Promise<boolean>
  /** How it ends where the server no longer has the tags by which it was chosen, as a look tells that is made now. */
  checkTags(): Promise<Settled | undefined>
  /** Whether an earlier run may have made the change without seeing it. */
  indeterminate: boolean
  /** Whether a server of another name than the plan's is left alone. */
  comparesNames?: boolean
  /** Once it comes nothing new is sent, and what is under way is awaited. */
  ended: AbortSignal
  /** Called before the first patch is sent, and awaited: only then may it have been made without being seen. */
  sending(): Promise<void>
  /** Rejects at once when the signal comes. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** Ends a patch that is still in the rate limiter when its reading has become too old. */
const outdated = new VpcmdError({code: 'outdated', message: 'what was read may no longer hold', isUnsent: true})

/**
 * Makes one change: looks at the server where the plan's reading is too old, sends the patch with If-Match where there is
 * an ETag, and compares the answer with what was asked. A server that is no longer as it was read is a conflict and is left
 * alone. After a patch that may have been applied without an answer the server is looked at before the patch is sent again,
 * or the patch has the ETag that it would have changed: none is applied twice. An error of the API is an outcome; what
 * `sending` throws is thrown. `skipped` has no error: the rollout knows why it ended.
 */
export async function settleChange(change: PlannedChange, options: SettleOptions): Promise<Settled> {
  const {ended} = options
  const budget = retryPolicy.change
  let {etag} = change
  let {indeterminate} = options
  let mustLook = indeterminate || (await options.mustLook())
  let hasLooked = false
  let mustCheckTags = true
  let wasSent = false
  const spent = {failing: 0, overloaded: 0, mismatched: 0}
  const onTurn = async () => {
    if (!hasLooked && (await options.mustLook())) throw outdated
  }
  // With a signal of its own: Node warns where many listen to one.
  const pause = (ms: number) => options.sleep(ms, AbortSignal.any([ended])).catch(() => undefined)
  for (;;) {
    const doubt = indeterminate && {indeterminate}
    if (ended.aborted) return {result: 'skipped', ...doubt}
    if (mustLook) {
      const look = await readServer(change, options.api, ended).catch(asVpcmdError)
      if (look instanceof VpcmdError) {
        const result = ended.aborted ? 'skipped' : 'failed'
        // Of what is gone nothing is in doubt any more.
        return {result, error: look, ...(look.status !== 404 && doubt)}
      }
      etag = look.etag
      hasLooked = true
      const seen = compareWithPlan(change, look, options.comparesNames)
      if (seen)
        return indeterminate && seen.result === 'unchanged' ? {...seen, result: 'changed', status: look.status} : seen
      if (ended.aborted) return {result: 'skipped'}
      indeterminate = false
    }
    if (mustCheckTags) {
      const other = await options.checkTags()
      if (ended.aborted) return {result: 'skipped'}
      if (other) return other
      mustCheckTags = false
    }
    if (!wasSent) await options.sending()
    wasSent = true
    const answer = await updateServer(change, options.api, etag, {signal: ended, onTurn}).catch(asVpcmdError)
    // An answer that does not tell the settings says nothing of them: a look does.
    if (!(answer instanceof VpcmdError)) {
      if (inFull(answer.settings)) {
        const settled = compareWithWanted(change, answer)
        if (settled.result === 'changed') return settled
        // What is answered may be what was there before.
        await pause(budget.pauses.firstMs)
      }
      return checkChange(change, options.api)
    }
    mustLook = true
    mustCheckTags = answer === outdated
    if (answer === outdated) continue
    const still = indeterminate && {indeterminate}
    if (answer.code === 'not_sent' || (answer.status === 429 && ended.aborted)) return {result: 'skipped', ...still}
    // Somebody changed something of it, perhaps its name only: a look tells.
    if (answer.status === 412 && ++spent.mismatched < budget.mismatched) continue
    if (!isIndeterminate(answer)) return {result: 'failed', error: answer, ...still}
    indeterminate = true
    // To look after each refusal would take twice the requests of a service that has too many.
    mustLook = answer.status !== 503 || etag === undefined
    // The look waits for as long as it says, with all else that goes to its region.
    if (answer.asksToWait) continue
    const kind = answer.status === 503 ? 'overloaded' : 'failing'
    if (++spent[kind] >= budget[kind] || ended.aborted) return {result: 'failed', error: answer, indeterminate}
    await pause(pauseAfter(spent.failing + spent.overloaded - 1, budget.pauses))
  }
}

/**
 * How a change ends by what a look shows, before anything is sent; undefined where it must still be made. Where somebody
 * has reviewed the plan by name, a server of another name is not the one that was meant.
 */
export function compareWithPlan(change: PlannedChange, seen: Seen, comparesNames = false): Settled | undefined {
  const {settings: after, name} = seen
  const {target, before} = change
  if (!hasMetadataService(seen)) return {result: 'failed', after, error: noService(target, seen)}
  if (!inFull(after)) return {result: 'failed', after, error: untoldSettings(target)}
  if (comparesNames && target.name !== '' && name !== target.name) {
    const now = name === undefined ? 'the API does not tell its name now' : `it is called ${name} now`
    return conflict(
      after,
      'other_name',
      `The plan has ${target.id} as ${target.name}, and ${now}: it is left alone.`,
      'Make a new plan if it is the one that you mean.',
    )
  }
  if (!patchBetween(after, change.set)) return {result: 'unchanged', after}
  if (areSameSettings(after, before)) return undefined
  return conflict(
    after,
    'conflict',
    `${targetName(target)} is no longer ${settingsInFull(before)}, as it was read before, but ${settingsInFull(after)}: it is left alone.`,
    'To change it all the same, plan or run it anew.',
  )
}

function conflict(after: Settings, code: string, message: string, hint: string): Settled {
  return {result: 'conflict', after, error: new VpcmdError({code, message, hint})}
}

/** The server of a change as it is now. Throws VpcmdError. */
export async function readServer(
  {target: {kind, id}}: PlannedChange,
  api: VpcApi,
  signal?: AbortSignal,
): Promise<Seen & {etag?: string}> {
  if (kind === 'bare_metal_server') return seenIn((await api.getBareMetalServer({id, signal})).result)
  const {result, etag} = await api.getInstance({id, signal})
  return {...seenIn(result), etag}
}

async function updateServer(
  {target: {kind, id}, set}: PlannedChange,
  api: VpcApi,
  ifMatch: string | undefined,
  controls: CallControls,
): Promise<Seen> {
  const {result} = await (kind === 'bare_metal_server'
    ? api.updateBareMetalServer({id, metadataService: ofBareMetal(set), ...controls})
    : api.updateInstance({id, metadataService: set, ifMatch, ...controls}))
  return seenIn(result)
}

/**
 * Whether a change that was made still holds, by a second look: it is `changed`, or `failed` with what is there instead,
 * or in doubt where nothing could be seen. Never throws VpcmdError.
 */
export async function checkChange(change: PlannedChange, api: VpcApi): Promise<Settled> {
  const look = await readServer(change, api).catch(asVpcmdError)
  return look instanceof VpcmdError
    ? {result: 'failed', error: look, indeterminate: true}
    : compareWithWanted(change, look)
}

function compareWithWanted({target, before, set}: PlannedChange, {settings: after, status}: Seen): Settled {
  if (!inFull(after)) return {result: 'failed', after, error: untoldSettings(target), indeterminate: true}
  if (!patchBetween(after, set)) return {result: 'changed', after, status}
  const error = new VpcmdError({
    code: 'not_applied',
    message: `IBM Cloud took the change of ${targetName(target)}, and then reported ${settingsInFull(after)}.`,
    hint: `See what holds now: vpcmd metadata show ${target.id}`,
  })
  // As it was before it may yet become what was asked.
  return {result: 'failed', after, error, ...(areSameSettings(after, before) && {indeterminate: true})}
}

/** `off (http/1)` and not `off` alone: what differs may be the protocol of a service that is off. */
function settingsInFull(settings: Settings): string {
  return settings.enabled ? settingsLabel(settings) : `off (${settingsLabel({...settings, enabled: true})})`
}

/** A server as a look shows it. Only an instance has an architecture. */
export type Seen = Pick<BareMetalServer, 'settings' | 'status' | 'name'> & Pick<Instance, 'architecture'>

/** What matters of a server that was read. */
export function seenIn(server: Instance | BareMetalServer): Seen {
  const {settings, status, name} = server
  return {settings, status, name, ...('architecture' in server && {architecture: server.architecture})}
}
