import {retryPolicy} from '../cloud/retry-policy.ts'
import {ask, type Line, type NoReply, type Reply} from '../cloud/transport.ts'
import {VpcmdError} from '../errors.ts'
import {claimsIn} from '../jwt-claims.ts'
import {jsonOf, noAnswer, silenceInWords, unexpectedAnswer} from './answers.ts'
import {generations, knownEndpoints} from './endpoints.ts'
import {type FoundService, MetadataService, tokenIn} from './metadata-service.ts'

/** How long to look for the service, and how long each request may take after that, both in milliseconds. */
export const limits = retryPolicy.metadataService

export interface ServiceOptions extends Pick<Line, 'ca' | 'log' | 'metadataAddress'> {
  /** Where the service is, an origin as parseEndpoint gives it; without it, vpcmd looks for the service. */
  endpoint?: string
  /** Replaces both limits. */
  timeoutMs?: number
  /** Lifetime of the identity token in seconds; 300 by default. */
  expiresIn?: number
  /** A text that the token has to carry. */
  nonce?: string
}

/** What asking one endpoint for an identity token came to. */
export interface Attempt {
  endpoint: string
  outcome: Reply | NoReply
  /** The service, where the endpoint gave a token. */
  found?: FoundService
}

/**
 * Finds the metadata service and gets an identity token in one go: asking for a token is how an endpoint is tried. All are
 * tried side by side, as an instance with the service off answers at none. Throws a VpcmdError that says what answered
 * instead.
 */
export async function findService(options: ServiceOptions): Promise<MetadataService> {
  const {endpoint, nonce, timeoutMs} = options
  // One that is named has no others beside it to be left.
  const leaving = endpoint === undefined ? new AbortController() : undefined
  const connections = {}
  const line = {
    ...options,
    timeoutMs: timeoutMs ?? limits.findMs,
    connections,
    ...(leaving && {signal: leaving.signal}),
  }
  const attempts = endpoint === undefined ? tryKnown(options, line) : [tryEndpoint(endpoint, options, line)]
  const founds = attempts.map(async attempt => (await attempt).found ?? Promise.reject())
  const found = await Promise.any(founds).catch(() => undefined)
  if (!found) throw nothingFound(await Promise.all(attempts))
  leaving?.abort()
  if (nonce !== undefined && claimsIn(found.identity.access_token)?.nonce !== nonce) {
    throw new VpcmdError({
      code: 'nonce_mismatch',
      message: 'The identity token does not have the nonce of this request: it was made for another one.',
      hint: 'Something else may answer in place of the metadata service. To find out, run: vpcmd imds doctor',
    })
  }
  return new MetadataService(found, {...options, timeoutMs: timeoutMs ?? limits.requestMs, connections})
}

/** The address is asked where the name is not served there; as both lead to the same socket, silence is not asked twice. */
function tryKnown(options: ServiceOptions, line: Line): Promise<Attempt>[] {
  const [secure, byName, byAddress] = knownEndpoints
  const plain = tryEndpoint(byName, options, line).then(async attempt => {
    if (attempt.found || attempt.outcome.kind === 'none') return attempt
    const second = await tryEndpoint(byAddress, options, line)
    return second.found ? second : attempt
  })
  return [tryEndpoint(secure, options, line), plain]
}

/** Asks an endpoint for an identity token, by the newer path and then, where that is not known, by the older one. */
export async function tryEndpoint(
  endpoint: string,
  {expiresIn, nonce}: Pick<ServiceOptions, 'expiresIn' | 'nonce'>,
  line: Line,
): Promise<Attempt> {
  let outcome: Reply | NoReply = {kind: 'none', why: 'failed', code: '', connected: false}
  for (const generation of generations) {
    const url = `${endpoint}${generation.token}?version=${generation.version}`
    const body = {expires_in: expiresIn ?? 300, nonce}
    outcome = await ask({method: 'PUT', url, headers: {'metadata-flavor': 'ibm'}, body}, line)
    if (outcome.kind === 'none') break
    const identity = outcome.status >= 200 && outcome.status < 300 ? tokenIn(jsonOf(outcome)) : undefined
    if (identity) return {endpoint, outcome, found: {endpoint, generation, identity}}
    if (outcome.status !== 404) break
  }
  return {endpoint, outcome}
}

/** What answered comes before what did not: a refusal says more than silence. */
function nothingFound(attempts: Attempt[]): VpcmdError {
  for (const {endpoint, outcome} of attempts) {
    if (outcome.kind === 'reply') return unexpectedAnswer('No identity token', endpoint, outcome)
  }
  const silent = attempts.flatMap(({endpoint, outcome}) => (outcome.kind === 'none' ? [{endpoint, outcome}] : []))
  for (const {endpoint, outcome} of silent) {
    if (outcome.why === 'untrusted' || silent.length === 1) return noAnswer('No identity token', endpoint, outcome)
  }
  const tried = silent.map(({endpoint, outcome}) => `${endpoint}: ${silenceInWords(outcome)}`)
  return new VpcmdError({
    code: 'no_metadata_service',
    message: `The metadata service does not answer (${tried.join('; ')}).`,
    hint: 'It is off for this instance, or this is a container behind its hop limit: vpcmd imds doctor tells. From a workstation: vpcmd metadata enable INSTANCE',
  })
}
