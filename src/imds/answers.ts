import {metadataHost, type NoReply, type Reply, type Silence} from '../cloud/transport.ts'
import {type ExitCode, exitCodes, VpcmdError} from '../errors.ts'

/** An answer's JSON object; undefined where the body is something else. */
export function jsonOf(reply: Reply): Record<string, unknown> | undefined {
  return objectIn(reply.body.toString('utf8'))
}

// What the metadata API answers is some six levels deep.
const deepest = 100

/** The JSON object that a text is; undefined for anything else, and for one so deep that who goes through it runs out of stack. */
export function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) && !isDeeper(value, deepest) ? value : undefined
  } catch {
    return undefined
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(each => isDeeper(each, levels - 1))
}

/** Whether a value is an object with members, and no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The one code that the metadata API gives for a failure, such as `profile_not_linked`; undefined where it gives none. */
export function errorCodeOf(reply: Reply): string | undefined {
  return refusalIn(reply.body.toString('utf8'))?.code
}

/** What a refusal of the metadata API says; undefined where the text is no body of one. */
export function refusalIn(text: string): {code?: string; message?: string; trace?: string} | undefined {
  const body = objectIn(text)
  const first: unknown = Array.isArray(body?.errors) ? body.errors[0] : undefined
  if (!isRecord(first)) return undefined
  const stringOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
  return {code: stringOf(first.code), message: stringOf(first.message), trace: stringOf(body?.trace)}
}

/** Text that may repeat a token, or how one begins, without it. */
export function withoutToken(text: string, token: string): string {
  const start = token.slice(0, 8).replace(/[^\w-]/g, '\\$&')
  return text.replace(new RegExp(`${start}[\\w.+/=~-]*`, 'g'), found => (found.endsWith('.') ? '[token].' : '[token]'))
}

/**
 * The error for an answer that is not what was asked for: a refusal in the metadata API's shape
 * (ibm-cloud-docs/vpc, metadata-error-codes.md), a redirect, or what is no answer of that API at all. `token` is the one
 * that was sent, which the error never has, not in part either; without it one was asked for, and 404 is of the path.
 */
export function refusal(what: string, endpoint: string, reply: Reply, token?: string): VpcmdError {
  const {status, headers} = reply
  const told = (text: string) => cut(token === undefined ? text : withoutToken(text, token))
  if (status >= 300 && status < 400) {
    return new VpcmdError({
      code: 'redirected',
      message: `${endpoint} answered with a redirect (${status}) to ${told(headers.location ?? 'nowhere')}, which was not followed: the token would go there.`,
      hint: 'The metadata service redirects nobody: something else answers in its place. vpcmd imds doctor looks further.',
      status,
    })
  }
  const error = refusalIn(reply.body.toString('utf8'))
  if (status < 400 || !error) {
    const kind = /html/i.test(headers['content-type'] ?? '') ? 'a web page' : 'no JSON of the metadata API'
    return new VpcmdError({
      code: 'no_metadata_service',
      message: `${what}: ${endpoint} answered ${status} with ${kind}.`,
      hint: 'Something else answers in its place, such as another cloud or a proxy. vpcmd imds doctor looks further.',
      status,
    })
  }
  return new VpcmdError({
    code: error.code ?? 'refused',
    message: `${what}: ${error.message ? told(error.message) : `the metadata service answered ${status}.`}`,
    hint: hintFor(error.code, status),
    trace: error.trace && told(error.trace),
    status,
    exitCode: exitCodeFor(status, token !== undefined && (status === 404 || error.code === 'not_found')),
  })
}

function hintFor(code: string | undefined, status: number): string | undefined {
  if (code === 'profile_not_linked') {
    return 'Link the profile to this instance in IAM, or name a linked one with --trusted-profile. vpcmd imds doctor shows what this instance has.'
  }
  if (status === 401) return 'Tokens are good for the instance that asked for them, until they expire: check its clock.'
  if (status === 403) return 'From a workstation: vpcmd metadata enable <instance>'
  if (status >= 500) return 'Try again; if it stays so, IBM support asks for the trace.'
  return undefined
}

function exitCodeFor(status: number, isMissing: boolean): ExitCode {
  if (status === 401 || status === 403) return exitCodes.denied
  return isMissing ? exitCodes.notFound : exitCodes.failed
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
  return new VpcmdError({
    code: none.why === 'untrusted' ? 'untrusted_certificate' : 'no_answer',
    message: `${what}: ${endpoint}: ${silenceInWords(none)}.`,
    hint:
      none.why === 'untrusted'
        ? `Trust its CA with --ca-file FILE or NODE_EXTRA_CA_CERTS. A certificate for another name than ${metadataHost} is not the service's.`
        : 'vpcmd imds doctor tells what is in the way.',
  })
}

/** A text from outside, or as much of its start as a line of an error may have. */
export function cut(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
