import {retryPolicy} from '../cloud/retry-policy.ts'
import {ask, type Line, type NoReply, type Reply} from '../cloud/transport.ts'
import {VpcmdError} from '../errors.ts'
import {jsonOf, noAnswer, refusal, silenceInWords} from './answers.ts'
import {claimsOf} from './claims.ts'
import {type Generation, generations, knownEndpoints} from './endpoints.ts'
import {MetadataService, type Token, tokenIn} from './metadata-service.ts'

/** How long to look for the service, and how long each request may take after that, both in milliseconds. */
export const limits = retryPolicy.metadataService

export interface ServiceOptions extends Pick<Line, 'ca' | 'log'> {
  /** Where the service is, an origin as parseEndpoint gives it; without it, it is looked for. */
  endpoint?: string
  /** Replaces both limits. */
  timeoutMs?: number
  /** Lifetime of the identity token in seconds, 300 without. */
  expiresIn?: number
  /** A text that the token has to carry. */
  nonce?: string
}

/** What came of asking one endpoint for an identity token. */
export type Attempt =
  | {kind: 'found'; endpoint: string; generation: Generation; identity: Token; reply: Reply}
  | {kind: 'missed'; endpoint: string; outcome: Reply | NoReply}

/**
 * Finds the metadata service and gets an identity token in one go: the token's request is the knock at each door. All
 * doors are tried side by side, as an instance with the service off answers nowhere. Throws a VpcmdError that says what
 * answered instead.
 */
export async function findService(options: ServiceOptions): Promise<MetadataService> {
  const leaving = new AbortController()
  const connections = {}
  const line = {...options, timeoutMs: options.timeoutMs ?? limits.findMs, signal: leaving.signal, connections}
  const doors = options.endpoint === undefined ? knownDoors(options, line) : [knock(options.endpoint, options, line)]
  const attempts = await firstFound(doors)
  leaving.abort()
  const found = attempts.find(attempt => attempt.kind === 'found')
  if (!found) throw nothingFound(attempts)
  checkNonce(found.identity, options.nonce)
  return new MetadataService(found, {...options, timeoutMs: options.timeoutMs ?? limits.requestMs, connections})
}

/** The address is asked where the name is not served there; as both lead to the same socket, silence is not asked twice. */
function knownDoors(options: ServiceOptions, line: Line): Promise<Attempt>[] {
  const [secure, byName, byAddress] = knownEndpoints
  const plain = knock(byName, options, line).then(async attempt => {
    if (attempt.kind === 'found' || attempt.outcome.kind === 'none') return attempt
    const second = await knock(byAddress, options, line)
    return second.kind === 'found' ? second : attempt
  })
  return [knock(secure, options, line), plain]
}

/** Asks an endpoint for an identity token, by the newer path and then, where that is not known, by the older one. */
export async function knock(
  endpoint: string,
  {expiresIn, nonce}: Pick<ServiceOptions, 'expiresIn' | 'nonce'>,
  line: Line,
): Promise<Attempt> {
  let outcome: Reply | NoReply | undefined
  for (const generation of generations) {
    outcome = await ask(
      {
        method: 'PUT',
        url: `${endpoint}${generation.token}?version=${generation.version}`,
        headers: {'metadata-flavor': 'ibm'},
        body: {expires_in: expiresIn ?? 300, nonce},
      },
      line,
    )
    if (outcome.kind === 'none') break
    const identity = outcome.status >= 200 && outcome.status < 300 ? tokenIn(jsonOf(outcome)) : undefined
    if (identity) return {kind: 'found', endpoint, generation, identity, reply: outcome}
    if (outcome.status !== 404) break
  }
  return {kind: 'missed', endpoint, outcome: outcome ?? {kind: 'none', why: 'failed', code: '', connected: false}}
}

/** The first attempt that found the service, as soon as it is there; all of them where none did. */
function firstFound(attempts: Promise<Attempt>[]): Promise<Attempt[]> {
  return new Promise((resolve, reject) => {
    for (const attempt of attempts) {
      attempt.then(settled => {
        if (settled.kind === 'found') resolve([settled])
      }, reject)
    }
    Promise.all(attempts).then(resolve, reject)
  })
}

/** What answered is told before what did not: a refusal says more than silence. */
function nothingFound(attempts: Attempt[]): VpcmdError {
  const missed = attempts.flatMap(attempt => (attempt.kind === 'missed' ? [attempt] : []))
  for (const {endpoint, outcome} of missed) {
    if (outcome.kind === 'reply') return refusal('No identity token', endpoint, outcome)
  }
  for (const {endpoint, outcome} of missed) {
    if (outcome.kind === 'none' && (outcome.why === 'untrusted' || missed.length === 1)) {
      return noAnswer('No identity token', endpoint, outcome)
    }
  }
  const tried = missed.map(({endpoint, outcome}) =>
    outcome.kind === 'none' ? `${endpoint}: ${silenceInWords(outcome)}` : endpoint,
  )
  return new VpcmdError({
    code: 'no_metadata_service',
    message: `The metadata service does not answer (${tried.join('; ')}).`,
    hint: 'It is off for this instance, or this is a container behind its hop limit: vpcmd imds doctor tells. From a workstation: vpcmd metadata enable <instance>',
  })
}

function checkNonce({access_token: token}: Token, nonce: string | undefined): void {
  if (nonce === undefined || claimsOf(token).nonce === nonce) return
  throw new VpcmdError({
    code: 'nonce_mismatch',
    message: 'The identity token does not carry the nonce that was asked for: it was not made for this request.',
    hint: 'Something else may answer in the place of the metadata service. vpcmd imds doctor looks further.',
  })
}
