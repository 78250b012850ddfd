import {VpcmdError} from '../errors.ts'
import {fieldsOfCrn} from './crn.ts'
import {takeOut} from './long-bodies.ts'
import {type Operation, type OperationName, OtherAnswer, operations} from './operations.ts'
import {fields, identity, type Raw, text, valueAt} from './readers/fields.ts'
import {readPage} from './readers/page.ts'
import {TryFailure, unreadable} from './retries.ts'
import {failureOfTry} from './sdk-adapter.ts'
import {callTried, type Peer} from './service-call.ts'
import type {Answer, CallControls, SendOnce, VpcApi} from './vpc-api.ts'

/**
 * How the API is called. `rollout` is for changing many: none is to fail for being throttled, and a change that may have
 * been acted on is not sent again, so that the caller looks first (see `isIndeterminate`).
 */
export type Manner = 'single' | 'rollout'

export interface CallPolicy extends Peer {
  /** The region's name; empty where no region is meant. */
  place: string
  manner: Manner
  /** The ID of the account that is asked, where it is known: a server of another one is none of its. */
  account?: string | undefined
}

/** The calls of the table, each tried as the retry policy says, read by its reader, and failing as a VpcmdError that says what was being done. */
export function callsOf(send: SendOnce, policy: CallPolicy): VpcApi {
  const names = Object.keys(operations) as OperationName[]
  const calls = names.map(name => [
    name,
    (params: CallParams = {}) => callOperation(name, operations[name], params, send, policy),
  ])
  return Object.fromEntries(calls)
}

type CallParams = Record<string, unknown> & CallControls

function callOperation(
  name: OperationName,
  operation: Operation,
  {signal: ending, onTurn, ...params}: CallParams,
  send: SendOnce,
  policy: CallPolicy,
): Promise<Answer<unknown>> {
  const {url, place, manner, account} = policy
  const isPatient = manner === 'rollout'
  const {again} = operation
  const where = place ? ` in ${place}` : ''
  const named = (_: string, path: string) => String(valueAt(params, path.split('.')))
  const doing = `${operation.doing.replace(/\{([\w.]+)\}/g, named)}${where}`
  const call = {
    place,
    doing,
    iamAction: operation.iamAction,
    ...(isPatient && {mostRenewals: 4}),
    budget: isPatient ? 'rollout' : 'read',
    repeatable: again === 'read' || (again === 'change' && !isPatient),
    awaitsConflicts: again === 'change',
    // Reading is called off at once, changing only between two tries.
    ...(again === 'read' ? {cancelled: ending} : {lastTry: ending}),
    onTurn,
  } as const
  return callTried(policy, call, async signal => {
    const answer = await send(name, {...params, signal}).catch((error: unknown) => {
      // IBM's core wraps what its adapter throws, and loses most of it; what is called off before, its adapter never sees.
      const calledOff =
        signal.aborted && new TryFailure({kind: 'timeout', message: 'it was called off before it was sent'})
      throw failureOfTry(signal) ?? (calledOff || error)
    })
    // GET, POST and PATCH of an instance give one, a list does not (contract).
    const {etag} = answer.headers
    const result = readAnswer(operation, takeOut(answer, 'result', undefined), params, {url, doing, account})
    return {result, etag: typeof etag === 'string' ? etag : undefined}
  })
}

/** The lists that hold nothing but what the account has: public images, for one, are of others. */
const owned = ['instances', 'bare_metal_servers', 'templates']

function readAnswer(
  operation: Operation,
  body: unknown,
  params: Record<string, unknown>,
  {url, doing, account}: {url: string; doing: string; account: string | undefined},
): unknown {
  const {rows, readRow, read, identify = identity} = operation
  const isOfOther = (raw: Raw) => {
    const {scope} = fieldsOfCrn(text(raw, 'crn') ?? '')
    return scope !== '' && scope !== `a/${account}`
  }
  const isOwned = account !== undefined && owned.includes(rows ?? '')
  const identifyOwn = (raw: Raw) => (isOwned && isOfOther(raw) ? undefined : identify(raw))
  try {
    const result =
      rows && readRow ? readPage(fields(body), rows, readRow, url, identifyOwn) : read?.(fields(body), params)
    if (result === undefined) throw unreadable(body)
    return result
  } catch (error) {
    if (!(error instanceof OtherAnswer)) throw error
    throw new VpcmdError({
      code: 'other_answer',
      message: `Could not ${doing}: the answer is about ${error.answered}, which was not asked for.`,
      hint: 'vpcmd ignored the answer. Try again. If it happens again, tell IBM support.',
      status: 200,
    })
  }
}
