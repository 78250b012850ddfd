import {exitCodes, VpcmdError} from '../errors.ts'
import {withoutSecrets} from '../secrets.ts'
import {asksToWait, type Failure, isUnreached, RequestFailure} from './retries.ts'
import {proxyVariable} from './routes.ts'

/** What was being done, for the sentence and for the advice when it was not allowed. */
export interface Doing {
  /** Goes after "could not": `update my-vsi (0717_…) in us-south`. */
  doing: string
  /** The IAM action that it takes, where there is one. */
  iamAction?: string
  /** The service URL that was asked. */
  url: string
}

/** Who gives tokens. */
export interface Asked {
  /** `IAM`, or `the metadata service`. */
  name: string
  url: string
  isMetadataService?: boolean
}

interface Said {
  code: string | undefined
  message: string | undefined
  target: string
  trace: string | undefined
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
  const {doing, url} = operation
  if (failure.kind === 'unsent' || failure.kind === 'cancelled') {
    return new VpcmdError({
      code: 'not_sent',
      message: `Interrupted: did not ${doing}.`,
      isUnsent: failure.kind === 'unsent',
      exitCode: exitCodes.interrupted,
    })
  }
  const often = tries > 1 ? ` after ${tries} tries` : ''
  if (failure.kind !== 'status') {
    const {code, reason, hint} = connectionProblem(failure, url)
    const message = withoutSecrets(`Could not ${doing}${often}: ${reason}.`, secrets)
    const status = failure.kind === 'unreadable' ? failure.status : undefined
    return new VpcmdError({code, message, hint, status, isUnsent: isUnreached(failure) || isBeforeSending(failure)})
  }
  const said = saidIn(failure)
  const host = hostIn(url)
  const why = said.message ? `${said.message}${said.target}` : answeredIn(failure, host)
  return new VpcmdError({
    code: clean(said.code, secrets) ?? `http_${failure.status}`,
    message: withoutSecrets(sentence(`Could not ${doing}${often}: ${why}`), secrets),
    hint: adviceFor(failure.status, said.code, operation),
    trace: clean(said.trace, secrets),
    status: failure.status,
    asksToWait: asksToWait(failure),
    exitCode: exitCodeFor(failure.status),
  })
}

/** The error of a token request, under the name of who was asked. What was thrown may be no answer, such as a missing file. */
export function describeTokenFailure(thrown: unknown, asked: Asked, secrets: readonly string[]): VpcmdError {
  if (thrown instanceof VpcmdError) return thrown
  const host = hostIn(asked.url)
  const who = `${asked.name.charAt(0).toUpperCase()}${asked.name.slice(1)} at ${host}`
  if (!(thrown instanceof RequestFailure)) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    // IBM's core reads the token of a container from a file (IBM/node-sdk-core, container-token-manager.ts).
    const isFile = /CR token file/i.test(why)
    return new VpcmdError({
      code: isFile ? 'no_token_file' : 'unusable_token',
      message: withoutSecrets(
        sentence(isFile ? `No token to show to IAM: ${why}` : `${who} gave no usable token: ${why}`),
        secrets,
      ),
      hint: isFile ? 'Name the file of the container’s token in VPC_CR_TOKEN_FILENAME.' : undefined,
      isUnsent: true,
      exitCode: isFile ? exitCodes.denied : exitCodes.failed,
    })
  }
  const {failure, tries} = thrown
  const often = tries > 1 ? `, in ${tries} tries` : ''
  if (failure.kind === 'timeout') {
    return new VpcmdError({
      code: 'timeout',
      message: `${who} gave ${failure.message}${often}.`,
      hint: asked.isMetadataService
        ? 'It is off for this instance, or speaks https only (VPC_AUTH_URL): vpcmd imds doctor looks further.'
        : (throughProxy(asked.url) ??
          'See whether this machine reaches it, and whether VPC_AUTH_URL is right if you set it.'),
      isUnsent: true,
    })
  }
  if (failure.kind !== 'status') {
    const {code, reason, hint} = connectionProblem(failure, asked.url)
    const message = withoutSecrets(`${who} gave no token${often}: ${reason}.`, secrets)
    return new VpcmdError({code, message, hint, isUnsent: true})
  }
  const said = saidIn(failure)
  const status = failure.status ?? 0
  const isRefusal = status >= 400 && status < 500 && status !== 429 && status !== 407 && status !== 408
  const why = said.message ? `${said.message}${said.target}` : answeredIn(failure, host)
  return new VpcmdError({
    code: clean(said.code, secrets) ?? `http_${status}`,
    message: withoutSecrets(
      sentence(`${who} gave no token${often}: ${why}${said.code ? ` (${said.code})` : ''}`),
      secrets,
    ),
    hint: status >= 300 && status < 400 ? redirectAdvice : tokenAdvice(isRefusal, said.code, asked),
    trace: clean(said.trace, secrets),
    isUnsent: true,
    exitCode: isRefusal ? exitCodes.denied : exitCodes.failed,
  })
}

function tokenAdvice(isRefusal: boolean, code: string | undefined, {isMetadataService}: Asked): string | undefined {
  if (!isRefusal) return undefined
  if (!isMetadataService) return 'Check that the credentials are whole, not deleted or locked, and of this cloud.'
  return code === 'profile_not_linked'
    ? 'Link the trusted profile to this instance in IAM, or name a linked one in VPC_IAM_PROFILE_ID.'
    : 'vpcmd imds doctor looks further.'
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

function adviceFor(status: number | undefined, code: string | undefined, {iamAction}: Doing): string | undefined {
  if (status === 403) {
    const action = iamAction
      ? `The caller needs the IAM action ${iamAction}, and a new policy can take ten minutes. `
      : ''
    return `${action}Context-based restrictions can be the cause as well.`
  }
  if (status === 401) return 'The token was refused: check that key and endpoints belong to the same cloud.'
  if (status === 407) return 'A proxy answered in place of IBM Cloud: it wants a user and a password.'
  if (status === 409) return 'Another change is under way there: try again in a while.'
  if (status === 412) return 'Somebody else changed it meanwhile: run the command again to see the present settings.'
  if (status === 429) return 'IBM Cloud limits how fast it is asked: try again in a while.'
  if (status !== undefined && status >= 300 && status < 400) return redirectAdvice
  if (code?.includes('invalid_version')) return 'This vpcmd is too old or too new for the API: see vpcmd --version.'
  return undefined
}

const redirectAdvice =
  'vpcmd follows no redirect, as its token would go along: check VPC_URL and VPC_AUTH_URL, and what stands between.'

function exitCodeFor(status: number | undefined) {
  if (status === 401 || status === 403) return exitCodes.denied
  if (status === 404) return exitCodes.notFound
  return exitCodes.failed
}

/**
 * What a refusal says of itself. The VPC API and the metadata service: `{errors: [{code, message, target?}], trace}`. IAM:
 * `{errorCode, errorMessage, context: {requestId}}` (IBM/node-sdk-core, lib/request-wrapper.ts). Others: `{message}`,
 * `{error}` or text.
 */
function saidIn({body}: Failure): Said {
  if (typeof body === 'string') {
    const line = isPage(body) ? '' : (body.trim().split('\n', 1)[0] ?? '').trim()
    return {code: undefined, message: line === '' ? undefined : brief(line), target: '', trace: undefined}
  }
  const {errors, error, trace, code, errorCode, message, errorMessage, error_description, context} = fieldsOf(body)
  const first = fieldsOf(Array.isArray(errors) ? errors[0] : undefined)
  const inner = fieldsOf(error)
  const target = textIn(fieldsOf(first.target).name)
  return {
    code: [first.code, errorCode, inner.code, code].map(textIn).find(Boolean),
    message: [first.message, errorMessage, message, inner.message, error_description, error, errors]
      .map(each => textIn(each))
      .find(Boolean)
      ?.replace(/\.$/, ''),
    target: target ? ` (${target})` : '',
    trace: [trace, fieldsOf(context).requestId].map(textIn).find(Boolean),
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? {...value} : {}
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? brief(value) : undefined
}

/** As much of a text from outside as a line of an error may have. */
function brief(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}

function clean(text: string | undefined, secrets: readonly string[]): string | undefined {
  return text === undefined ? undefined : withoutSecrets(text, secrets)
}

function answeredIn({status = 0, location, body}: Failure, host: string): string {
  if (status >= 300 && status < 400) {
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

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** Whether it never got as far as the service: a proxy that refused, or TLS that did not come up. */
function isBeforeSending({kind}: Failure): boolean {
  return kind === 'proxy' || kind === 'untrusted' || kind === 'other-protocol'
}

function throughProxy(url: string): string | undefined {
  const proxy = proxyVariable(process.env, url)
  return proxy && `${proxy} is set: see whether that proxy works and NO_PROXY is right.`
}

function connectionProblem(failure: Failure, url: string): {code: string; reason: string; hint?: string} {
  const host = hostIn(url)
  const proxied = throughProxy(url)
  const check = 'whether VPC_URL and VPC_AUTH_URL are right if you set them.'
  switch (failure.kind) {
    case 'timeout':
      return {
        code: 'timeout',
        reason: `${host} gave ${failure.message}`,
        hint: proxied ?? 'A longer --timeout may help.',
      }
    case 'proxy': {
      const name = proxyVariable(process.env, url) ?? 'the environment'
      return {
        code: 'proxy_refused',
        reason: `the proxy of ${name} refused to open a way to ${host}, with status ${failure.status}`,
        hint:
          failure.status === 407
            ? `It wants a user and a password: ${name}=http://USER:PASSWORD@HOST:PORT.`
            : 'Ask whoever runs the proxy to let it through, or except the host in NO_PROXY.',
      }
    }
    case 'refused':
    case 'unreachable':
      return {
        code: 'connection_refused',
        reason: `${failure.kind === 'refused' ? `the connection to ${host} was refused` : `there is no way to ${host}`} (${failure.connectionCode})`,
        hint: proxied ?? `See whether a firewall is in the way, and ${check}`,
      }
    case 'unknown-host':
      return {
        code: 'host_not_found',
        reason: `the host ${host} can't be found in the DNS (${failure.connectionCode})`,
        hint: proxied ?? `See whether this machine has a network, and ${check}`,
      }
    case 'untrusted':
    case 'other-protocol':
      return {
        code: 'tls_failure',
        reason:
          failure.kind === 'untrusted'
            ? `the TLS certificate of ${host} can't be trusted (${failure.connectionCode})`
            : `${host} does not speak the protocol that it was asked in (${failure.connectionCode})`,
        hint: 'If a proxy of your company opens TLS, name its CA in NODE_EXTRA_CA_CERTS.',
      }
    case 'too-big':
      return {
        code: 'answer_too_large',
        reason: `the answer of ${host} is larger than vpcmd takes`,
        hint: 'IBM Cloud sends nothing of that size: something else may answer in its place.',
      }
    case 'unreadable':
      return isPage(failure.body)
        ? {
            code: 'web_page',
            reason: `${host} answered with a web page: a proxy or a login page may be in the way`,
            hint: proxied,
          }
        : {code: 'unreadable_answer', reason: `${failure.message} (${host})`, hint: proxied}
    default:
      return {code: 'connection_broken', reason: `the connection to ${host} broke: ${failure.message}`, hint: proxied}
  }
}
