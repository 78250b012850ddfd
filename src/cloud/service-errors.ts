import {exitCodes, VpcmdError} from '../errors.ts'
import {withoutSecrets} from '../secrets.ts'
import {asksToWait, type Failure, isUnreached, RequestFailure} from './retries.ts'

/** What was being done, for the sentence and for the advice when it was not allowed. */
export interface Doing {
  /** Goes after "could not": `update my-vsi (0717_…) in us-south`. */
  doing: string
  /** The IAM action that it takes, where there is one. */
  iamAction?: string
  /** The service URL that was asked. */
  url: string
  /** The variable of that URL, where it is another one than VPC_URL. */
  variable?: string
  /** The proxy that it is asked through, by the name of its variable. */
  proxy?: string | undefined
}

/** Who gives tokens. */
export interface Asked {
  /** `IAM`, or `the metadata service`. */
  name: string
  url: string
  isMetadataService?: boolean
  /** The trusted profile that is to be assumed. */
  profile?: string
}

/**
 * The error of an operation on the VPC API as the user reads it: IBM's own code, message, target and trace where there
 * was an answer, and a sentence of its own for everything that can lie between. None of `secrets` is in it, nor a token,
 * whatever the answer said: it is printed, and goes into journals and reports.
 */
export function describeFailure(
  {failure, tries}: RequestFailure,
  operation: Doing,
  secrets: readonly string[],
): VpcmdError {
  const {doing} = operation
  if (failure.kind === 'unsent' || failure.kind === 'cancelled') {
    return new VpcmdError({
      code: 'not_sent',
      message: `Interrupted: did not ${doing}.`,
      isUnsent: failure.kind === 'unsent',
      exitCode: exitCodes.interrupted,
    })
  }
  const what = `Could not ${doing}${tries > 1 ? ` after ${tries} tries` : ''}`
  const {kind, status} = failure
  if (kind !== 'status') {
    const isUnsent = isUnreached(failure) || kind === 'proxy' || kind === 'untrusted' || kind === 'other-protocol'
    const more = {isUnsent, status: kind === 'unreadable' ? status : undefined}
    return connectionError(what, failure, operation, secrets, more)
  }
  const said = saidIn(failure, operation.url)
  return new VpcmdError({
    ...withoutSecretsIn(said, `${what}: ${said.why}`, secrets),
    hint: adviceFor(status, said.code, operation),
    status,
    asksToWait: asksToWait(failure),
    exitCode: exitCodeFor(status),
  })
}

/**
 * The error of a token request, under the name of who was asked, and the proxy that was asked through as in `Doing`. What was
 * thrown may be no answer, such as a missing file.
 */
export function describeTokenFailure(
  thrown: unknown,
  asked: Asked & Pick<Doing, 'proxy'>,
  secrets: readonly string[],
): VpcmdError {
  if (thrown instanceof VpcmdError) return thrown
  const who = `${asked.name.charAt(0).toUpperCase()}${asked.name.slice(1)} at ${hostIn(asked.url)}`
  if (!(thrown instanceof RequestFailure)) return noRequest(thrown, who, secrets)
  const {failure, tries} = thrown
  const often = tries > 1 ? `, in ${tries} tries` : ''
  const what = `${who} gave no token${asked.profile === undefined ? '' : ` for the trusted profile ${asked.profile}`}${often}`
  if (failure.kind === 'timeout') {
    const hint = asked.isMetadataService
      ? 'It is off for this instance, or speaks https only (VPC_AUTH_URL). To find out more, run: vpcmd imds doctor'
      : (proxyHint(asked.proxy) ??
        'See whether this machine reaches it, and whether VPC_AUTH_URL is right if you set it.')
    return new VpcmdError({code: 'timeout', message: `${who} gave ${failure.message}${often}.`, hint, isUnsent: true})
  }
  if (failure.kind !== 'status') return connectionError(what, failure, asked, secrets, {isUnsent: true})
  const said = saidIn(failure, asked.url)
  const {status = 0} = failure
  const isRefusal = status >= 400 && status < 500 && ![407, 408, 429].includes(status)
  return new VpcmdError({
    ...withoutSecretsIn(said, `${what}: ${said.why}${said.code ? ` (${said.code})` : ''}`, secrets),
    hint: isRedirect(status) ? redirectAdvice() : tokenAdvice(isRefusal, said.code, asked),
    isUnsent: true,
    exitCode: isRefusal ? exitCodes.denied : exitCodes.failed,
  })
}

/** The error of an authenticator that did not even ask. */
function noRequest(thrown: unknown, who: string, secrets: readonly string[]): VpcmdError {
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  // IBM's core reads the token of a container from a file (IBM/node-sdk-core, container-token-manager.ts).
  const isFile = /CR token file/i.test(why)
  const message = isFile ? `No token to show to IAM: ${why}` : `${who} gave no usable token: ${why}`
  return new VpcmdError({
    code: isFile ? 'no_token_file' : 'unusable_token',
    message: withoutSecrets(asSentence(message), secrets),
    hint: isFile ? "Name the file of the container's token in VPC_CR_TOKEN_FILENAME." : undefined,
    isUnsent: true,
    exitCode: isFile ? exitCodes.denied : exitCodes.failed,
  })
}

function tokenAdvice(
  isRefusal: boolean,
  code: string | undefined,
  {isMetadataService, profile}: Asked,
): string | undefined {
  if (!isRefusal) return undefined
  if (profile !== undefined)
    return 'Check that the account has this trusted profile, and that it trusts you. vpcmd whoami says who you are.'
  if (!isMetadataService) return 'Check that the credentials are whole, not deleted or locked, and of this cloud.'
  return code === 'profile_not_linked'
    ? 'Link the trusted profile to this instance in IAM, or name a linked one in VPC_IAM_PROFILE_ID.'
    : 'To find out more, run: vpcmd imds doctor'
}

/**
 * Whether a change that failed with this error may have been made all the same: there was no answer, or one that does
 * not say (5xx), or says yes in words that nobody understands (2xx). Refusals (4xx), redirects, and what never left this
 * machine, are certain.
 */
export function isIndeterminate(error: VpcmdError): boolean {
  return !error.isUnsent && (error.status === undefined || error.status >= 500 || wasTaken(error))
}

/** Whether IBM Cloud took a request, though its answer is none to be read. */
export function wasTaken({status}: VpcmdError): boolean {
  return status !== undefined && status >= 200 && status < 300
}

/** What was thrown when something was to be made: with `hint` in place of its own where it may have been made all the same. */
export function withDoubt(thrown: unknown, hint: string): unknown {
  if (!(thrown instanceof VpcmdError) || !isIndeterminate(thrown)) return thrown
  return thrown.reworded({hint})
}

function adviceFor(
  status: number | undefined,
  code: string | undefined,
  {iamAction, variable}: Doing,
): string | undefined {
  if (status === 403) {
    const action = iamAction
      ? `The caller needs the IAM action ${iamAction}, and a new policy can take ten minutes. `
      : ''
    return `${action}Context-based restrictions can be the cause as well.`
  }
  if (isRedirect(status)) return redirectAdvice(variable)
  if (code?.includes('invalid_version')) return 'This vpcmd is too old or too new for the API: see vpcmd --version.'
  return adviceByStatus[status ?? 0]
}

const adviceByStatus: Record<number, string> = {
  401: 'The token was refused: check that key and endpoints belong to the same cloud.',
  407: 'A proxy answered in place of IBM Cloud: it wants a user and a password.',
  409: 'Another change is under way there: try again in a while.',
  412: 'Somebody else changed it meanwhile: run the command again to see the present settings.',
  429: 'IBM Cloud limits how fast it is asked: try again in a while.',
}

function redirectAdvice(variable = 'VPC_URL'): string {
  return `vpcmd follows no redirect, which would take its token elsewhere: check ${variable} and VPC_AUTH_URL, and what stands between.`
}

function isRedirect(status = 0): boolean {
  return status >= 300 && status < 400
}

function exitCodeFor(status: number | undefined) {
  if (status === 401 || status === 403) return exitCodes.denied
  if (status === 404) return exitCodes.notFound
  return exitCodes.failed
}

interface Said {
  code?: string
  /** IBM's message, or how the answer came where it has none. */
  why: string
  trace?: string
  status?: number
}

/**
 * What a refusal says of itself. The VPC API and the metadata service: `{errors: [{code, message, target?}], trace}`. IAM:
 * `{errorCode, errorMessage, context: {requestId}}` (IBM/node-sdk-core, lib/request-wrapper.ts). Others: `{message}`,
 * `{error}` or text.
 */
function saidIn(failure: Failure, url: string): Said {
  const {body, status} = failure
  if (typeof body === 'string') {
    const line = isPage(body) ? '' : (body.trim().split('\n', 1)[0] ?? '').trim()
    return {status, why: line === '' ? answeredIn(failure, hostIn(url)) : brief(line)}
  }
  const {errors, error, trace, code, errorCode, message, errorMessage, error_description, context} = Object(body)
  const first = Object(Array.isArray(errors) ? errors[0] : undefined)
  const inner = Object(error)
  const target = firstText(Object(first.target).name)
  const why = firstText(first.message, errorMessage, message, inner.message, error_description, error, errors)
  return {
    status,
    code: firstText(first.code, errorCode, inner.code, code),
    why: why ? `${why.replace(/\.$/, '')}${target ? ` (${target})` : ''}` : answeredIn(failure, hostIn(url)),
    trace: firstText(trace, Object(context).requestId),
  }
}

function firstText(...values: unknown[]): string | undefined {
  const text = values.find(each => typeof each === 'string' && each.trim() !== '')
  return typeof text === 'string' ? brief(text) : undefined
}

/** As much of a text from outside as a line of an error may have. */
function brief(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}...` : text
}

function withoutSecretsIn({code, trace, status}: Said, message: string, secrets: readonly string[]) {
  return {
    code: code === undefined ? `http_${status}` : withoutSecrets(code, secrets),
    message: withoutSecrets(asSentence(message), secrets),
    trace: trace && withoutSecrets(trace, secrets),
  }
}

function answeredIn({status = 0, location, body}: Failure, host: string): string {
  if (isRedirect(status)) {
    return `${host} answered with a redirect (${status}) to ${location ? hostIn(location, host) : 'nowhere'}, which was not followed`
  }
  return `${host} answered ${status}${isPage(body) ? ' with a web page: a proxy may be in the way' : ''}`
}

/** The host of a URL, which may be one in a `Location` without it. */
function hostIn(url: string, base?: string): string {
  const origin = base === undefined ? undefined : `https://${base}`
  return URL.canParse(url, origin) ? new URL(url, origin).host : brief(url)
}

function isPage(body: unknown): boolean {
  return typeof body === 'string' && /^\s*<(!doctype|html)/i.test(body)
}

/** A text with a full stop, where it has no end of its own. */
export function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function proxyHint(proxy: string | undefined): string | undefined {
  return proxy && `${proxy} is set: see whether that proxy works and NO_PROXY is right.`
}

type Problem = [code: string, reason: string, hint?: string]

/** The error of an exchange without an answer that can be read. `what` could not be done. */
function connectionError(
  what: string,
  failure: Failure,
  {url, variable = 'VPC_URL', proxy}: Pick<Doing, 'url' | 'variable' | 'proxy'>,
  secrets: readonly string[],
  more: {isUnsent: boolean; status?: number},
): VpcmdError {
  const {kind, status, connectionCode, message, body} = failure
  const host = hostIn(url)
  const proxied = proxyHint(proxy)
  const check = `whether ${variable} and VPC_AUTH_URL are right if you set them.`
  const seeFirewall = proxied ?? `See whether a firewall is in the way, and ${check}`
  const tlsHint = 'If a proxy of your company opens TLS, name its CA in NODE_EXTRA_CA_CERTS.'
  const refusedHint =
    status === 407
      ? `It wants a user and a password: ${proxy}=http://USER:PASSWORD@HOST:PORT.`
      : 'Ask its administrator to let it through, or list the host in NO_PROXY.'
  const page = `${host} answered with a web page: a proxy or a login page may be in the way`
  const problems: Partial<Record<Failure['kind'], Problem>> = {
    timeout: ['timeout', `${host} gave ${message}`, proxied ?? 'A longer --timeout may help.'],
    proxy: [
      'proxy_refused',
      `the proxy of ${proxy} refused to open a way to ${host}, with status ${status}`,
      refusedHint,
    ],
    refused: ['connection_refused', `the connection to ${host} was refused (${connectionCode})`, seeFirewall],
    unreachable: ['connection_refused', `there is no way to ${host} (${connectionCode})`, seeFirewall],
    'unknown-host': [
      'host_not_found',
      `the host ${host} can't be found in the DNS (${connectionCode})`,
      proxied ?? `See whether this machine has a network, and ${check}`,
    ],
    untrusted: ['tls_failure', `the TLS certificate of ${host} can't be trusted (${connectionCode})`, tlsHint],
    'other-protocol': [
      'tls_failure',
      `${host} does not speak the protocol that it was asked in (${connectionCode})`,
      tlsHint,
    ],
    'too-big': [
      'answer_too_large',
      `the answer of ${host} is larger than vpcmd takes`,
      'IBM Cloud sends nothing of that size: something else may answer in its place.',
    ],
    unreadable: isPage(body)
      ? ['web_page', page, proxied ?? `See ${check}`]
      : ['unreadable_answer', `${message} (${host})`, proxied ?? `Run the command again. If it stays so, see ${check}`],
  }
  const broken: Problem = ['connection_broken', `the connection to ${host} broke: ${message}`, proxied]
  const [code, reason, hint] = problems[kind] ?? broken
  return new VpcmdError({code, message: withoutSecrets(`${what}: ${reason}.`, secrets), hint, ...more})
}
