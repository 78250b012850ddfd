import type {Instance} from '../cloud/readers/instance.ts'
import type {BareMetalServer} from '../cloud/readers/resources.ts'
import {isIndeterminate} from '../cloud/service-errors.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import type {Settled} from './outcomes.ts'
import {hasMetadataService, noService, type PlannedChange, targetName, untoldSettings} from './plan.ts'
import {
  areSameSettings,
  inFull,
  ofBareMetal,
  patchBetween,
  type Settings,
  settingsLabel,
  type WantedSettings,
} from './settings.ts'

export interface SettleOptions {
  /** The VPC API of the target's region, in the manner of a rollout. */
  api: VpcApi
  /** Whether the reading in the plan is too old to act on. */
  mustLook: boolean
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

/**
 * How often a change is sent that fails in doubt each time; being refused for load (503) is forgiven for longer, and
 * always where the API says when to come again. An ETag that is refused though it was just read is not for long.
 */
const rounds = {failing: 5, overloaded: 40, mismatched: 3} as const
const pauseMs = 500

/**
 * Makes one change: looks at the server where the plan's reading does not do, sends the patch with If-Match where there
 * is an ETag, and compares the answer with what was asked. A server that is no longer as it was read is a conflict and is
 * left alone. A patch that may have been applied without an answer is looked after before it is sent again, or sent with
 * the ETag that it would have changed, so that none is applied twice. An error of the API is an outcome and not thrown; what `sending` throws is. `skipped` comes without an
 * error: why it ended, the rollout knows.
 */
export async function settleChange(change: PlannedChange, options: SettleOptions): Promise<Settled> {
  const {ended} = options
  const server = serverOf(change, options.api)
  let {etag} = change
  let mustLook = options.mustLook || options.indeterminate
  let indeterminate = options.indeterminate
  let failing = 0
  let overloaded = 0
  let mismatched = 0
  let wasSent = false
  for (;;) {
    if (ended.aborted) return {result: 'skipped', ...(indeterminate && {indeterminate})}
    if (mustLook) {
      const look = await server.read(ended).catch(asVpcmdError)
      if (look instanceof VpcmdError) {
        const result = ended.aborted ? 'skipped' : 'failed'
        // Of what is gone nothing is in doubt any more.
        return {result, error: look, ...(indeterminate && look.status !== 404 && {indeterminate})}
      }
      etag = look.etag
      const seen = compareWithPlan(change, look, options.comparesNames)
      if (seen)
        return indeterminate && seen.result === 'unchanged' ? {...seen, result: 'changed', status: look.status} : seen
      if (ended.aborted) return {result: 'skipped'}
      indeterminate = false
    }
    if (!wasSent) await options.sending()
    wasSent = true
    const answer = await server.update(change.set, etag, ended).catch(asVpcmdError)
    // An answer that does not tell the settings says nothing of them: a look does.
    if (!(answer instanceof VpcmdError)) {
      return inFull(answer.settings) ? compareWithWanted(change, answer) : checkChange(change, options.api)
    }
    const doubt = indeterminate && {indeterminate}
    if (answer.code === 'not_sent' || (answer.status === 429 && ended.aborted)) return {result: 'skipped', ...doubt}
    mustLook = true
    // Somebody changed something of it, perhaps its name only: a look tells.
    if (answer.status === 412 && ++mismatched < rounds.mismatched) continue
    if (!isIndeterminate(answer)) return {result: 'failed', error: answer, ...doubt}
    indeterminate = true
    // To look after each refusal would take twice the requests of a service that has too many.
    mustLook = answer.status !== 503 || etag === undefined
    // The look waits for as long as it says, with all else that goes to its region.
    if (answer.asksToWait) continue
    const isSpent = answer.status === 503 ? ++overloaded >= rounds.overloaded : ++failing >= rounds.failing
    if (isSpent || ended.aborted) return {result: 'failed', error: answer, indeterminate}
    const ms = pauseMs * 2 ** Math.min(failing + overloaded - 1, 4)
    // A signal of its own: Node warns where many listen to one.
    await options.sleep(ms, AbortSignal.any([ended])).catch(() => undefined)
  }
}

/**
 * How a change ends by what a look shows, before anything is sent; undefined where it is still to be made. Where somebody has
 * reviewed the plan by name, a server of another name is not the one that was meant.
 */
export function compareWithPlan(change: PlannedChange, seen: Seen, comparesNames = false): Settled | undefined {
  const {settings: present, name} = seen
  const {target} = change
  if (!hasMetadataService(seen)) return {result: 'failed', after: present, error: noService(target, seen)}
  if (!inFull(present)) return {result: 'failed', after: present, error: untoldSettings(target)}
  if (comparesNames && target.name !== '' && name !== target.name) return otherName(change, seen)
  if (!patchBetween(present, change.set)) return {result: 'unchanged', after: present}
  return areSameSettings(present, change.before) ? undefined : conflict(change, present)
}

/** The settings of the server of a change, as they are now. Throws VpcmdError. */
export async function readServer(change: PlannedChange, api: VpcApi): Promise<Seen> {
  return serverOf(change, api).read(undefined)
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

function compareWithWanted(change: PlannedChange, {settings: after, status}: Seen): Settled {
  if (!inFull(after)) return {result: 'failed', after, error: untoldSettings(change.target), indeterminate: true}
  return patchBetween(after, change.set)
    ? {result: 'failed', after, error: notApplied(change, after)}
    : {result: 'changed', after, status}
}

/** A server as a look shows it. */
export interface Seen {
  settings: Settings
  status?: string
  name?: string
  /** Of an instance alone. */
  architecture?: string
}

interface Server {
  read(signal: AbortSignal | undefined): Promise<Seen & {etag: string | undefined}>
  update(set: WantedSettings, etag: string | undefined, signal: AbortSignal): Promise<Seen>
}

/** What matters of a server that was read. */
export function seenIn(server: Instance | BareMetalServer): Seen {
  const {settings, status, name} = server
  return {settings, status, name, ...('architecture' in server && {architecture: server.architecture})}
}

function serverOf({target: {kind, id}}: PlannedChange, api: VpcApi): Server {
  if (kind === 'bare_metal_server') {
    return {
      async read(signal) {
        const {result} = await api.getBareMetalServer({id, signal})
        return {...seenIn(result), etag: undefined}
      },
      async update(set, _etag, signal) {
        return seenIn((await api.updateBareMetalServer({id, metadataService: ofBareMetal(set), signal})).result)
      },
    }
  }
  return {
    async read(signal) {
      const {result, etag} = await api.getInstance({id, signal})
      return {...seenIn(result), etag}
    },
    async update(set, ifMatch, signal) {
      return seenIn((await api.updateInstance({id, metadataService: set, ifMatch, signal})).result)
    },
  }
}

function otherName({target}: PlannedChange, {settings: after, name}: Seen): Settled {
  const now = name === undefined ? 'its name is not told now' : `it is called ${name} now`
  return {
    result: 'conflict',
    after,
    error: new VpcmdError({
      code: 'other_name',
      message: `The plan has ${target.id} as ${target.name}, and ${now}: it is left alone.`,
      hint: 'Make a new plan where it is the one that is meant.',
    }),
  }
}

function conflict(change: PlannedChange, present: Settings): Settled {
  const {target, before} = change
  return {
    result: 'conflict',
    after: present,
    error: new VpcmdError({
      code: 'conflict',
      message: `${targetName(target)} is no longer ${settingsInFull(before)}, as the plan read it, but ${settingsInFull(present)}: it is left alone.`,
      hint: 'Make a new plan to change it all the same.',
    }),
  }
}

/** `off (http/1)` and not `off` alone: what differs may be the protocol of a service that is off. */
function settingsInFull(settings: Settings): string {
  return settings.enabled ? settingsLabel(settings) : `off (${settingsLabel({...settings, enabled: true})})`
}

function notApplied({target}: PlannedChange, after: Settings): VpcmdError {
  return new VpcmdError({
    code: 'not_applied',
    message: `IBM Cloud took the change of ${targetName(target)}, and then reported ${settingsInFull(after)}.`,
    hint: `See what holds now: vpcmd metadata show ${target.id}`,
  })
}
