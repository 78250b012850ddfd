import {metadataHost, type NoReply, type Reply, type Silence, textOf} from '../cloud/transport.ts'
import {exitCodes, VpcmdError} from '../errors.ts'
import {isRecord, objectIn} from '../json-object.ts'

/** An answer's JSON object; undefined where the body is something else. */
export function jsonOf(reply: Reply): Record<string, unknown> | undefined {
  return objectIn(textOf(reply))
}

/** What a refusal of the metadata API says, such as the code `profile_not_linked`; undefined where it is no body of one. */
export function refusalIn(
  body: Record<string, unknown> | undefined,
): {code?: string; message?: string; trace?: string} | undefined {
  const first: unknown = Array.isArray(body?.errors) ? body.errors[0] : undefined
  if (!isRecord(first)) return undefined
  const stringOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return {code: stringOf(first.code), message: stringOf(first.message), trace: stringOf(body?.trace)}
}

const shortestPart = 8

/** Text that may repeat a token, without any part of it that tells something, wherever it is cut or what else stands within. */
export function withoutToken(text: string, token: string): string {
  const parts = new Set(Array.from(token, (_, at) => token.slice(at, at + shortestPart)))
  const isPart = (at: number) => at + shortestPart <= text.length && parts.has(text.slice(at, at + shortestPart))
  let clean = ''
  let kept = 0
  for (let at = 0; at < text.length; at++) {
    if (!isPart(at)) continue
    clean += `${text.slice(kept, at)}[token]`
    while (isPart(at + 1)) at++
    kept = at + shortestPart
    at = kept - 1
  }
  return clean + text.slice(kept)
}

/** A text from outside, or as much of its start as an error may repeat. */
export function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}...` : text
}

/**
 * The error for an answer that is not what was asked for: a refusal in the metadata API's shape
 * (ibm-cloud-docs/vpc, metadata-error-codes.md), a redirect, or no answer of that API at all. `token` is the one that was
 * sent: the error never repeats it, not even in part. Without it, a token was asked for, and 404 is about the path.
 */
export function unexpectedAnswer(what: string, endpoint: string, reply: Reply, token?: string): VpcmdError {
  const {status, headers} = reply
  const told = (text: string) => {
    const enough = text.slice(0, 10_000)
    return shortened(token === undefined ? enough : withoutToken(enough, token))
  }
  if (status >= 300 && status < 400) {
    return new VpcmdError({
      code: 'redirected',
      message: `${endpoint} answered with a redirect (${status}) to ${told(headers.location ?? 'nowhere')}, which was not followed: the token would go there.`,
      hint: 'The metadata service never redirects, so something else answers in its place. To find out more, run: vpcmd imds doctor',
      status,
    })
  }
  const error = refusalIn(jsonOf(reply))
  if (status < 400 || !error) {
    const kind = /html/i.test(headers['content-type'] ?? '') ? 'a web page' : 'no JSON of the metadata API'
    return new VpcmdError({
      code: 'no_metadata_service',
      message: `${what}: ${endpoint} answered ${status} with ${kind}.`,
      hint: 'Something else answers in its place, such as another cloud or a proxy. To find out more, run: vpcmd imds doctor',
      status,
    })
  }
  const isDenied = status === 401 || status === 403
  const isMissing = token !== undefined && (status === 404 || error.code === 'not_found')
  return new VpcmdError({
    code: error.code ?? 'refused',
    message: `${what}: ${error.message ? told(error.message) : `the metadata service answered ${status}.`}`,
    hint: hintFor(error.code, status),
    trace: error.trace && told(error.trace),
    status,
    exitCode: isDenied ? exitCodes.denied : isMissing ? exitCodes.notFound : exitCodes.failed,
  })
}

function hintFor(code: string | undefined, status: number): string | undefined {
  if (code === 'profile_not_linked') {
    return 'Link the profile to this instance in IAM, or name a linked one with --trusted-profile. vpcmd imds doctor shows what this instance has.'
  }
  if (status === 401) return 'Tokens are good for the instance that asked for them, until they expire: check its clock.'
  if (status === 403) return 'From a workstation: vpcmd metadata enable INSTANCE'
  return status >= 500 ? 'Try again; if it stays so, IBM support asks for the trace.' : undefined
}

const silences: Record<Silence, string> = {
  timeout: 'no answer in time',
  refused: 'connection refused',
  unreachable: 'no route',
  'unknown-host': 'name not found',
  untrusted: 'certificate not trusted',
  'other-protocol': 'another protocol than asked for',
  reset: 'connection cut',
  'too-big': 'an answer without end',
  proxy: 'a proxy refused',
  failed: 'failed',
}

/** Why there was no answer, in a few words. */
export function silenceInWords({why, code}: NoReply): string {
  return code && why !== 'timeout' ? `${silences[why]} (${code})` : silences[why]
}

/** The error for an exchange without a usable answer, at an endpoint that had answered before or that the user named. */
export function noAnswer(what: string, endpoint: string, none: NoReply): VpcmdError {
  const isUntrusted = none.why === 'untrusted'
  return new VpcmdError({
    code: isUntrusted ? 'untrusted_certificate' : 'no_answer',
    message: `${what}: ${endpoint}: ${silenceInWords(none)}.`,
    hint: isUntrusted
      ? `Trust its CA with --ca-file FILE or NODE_EXTRA_CA_CERTS. A certificate for another name than ${metadataHost} is not the service's.`
      : 'vpcmd imds doctor tells what is in the way.',
  })
}
