import {exitCodes, VpcmdError} from '../errors.ts'
import {withoutSecrets} from '../secrets.ts'
import {isLoopback} from './endpoints.ts'
import {proxyVariable} from './proxy.ts'
import {asksToWait, type Failure, type RequestFailure} from './retries.ts'

/** What was being done, for the sentence and for the advice when it was not allowed. */
export interface Operation {
  /** Goes after "could not": `update my-vsi (0717_…) in us-south`. */
  doing: string
  /** The IAM action that it takes, where there is one. */
  iamAction?: string
  /** The service URL that was asked. */
  url: string
}

interface ServiceError {
  code: string
  message: string
  target: string | undefined
  trace: string | undefined
}

/**
 * The error of an operation on the VPC API as the user reads it: IBM's own code, message, target and trace where there
 * was an answer, and a sentence of its own for everything that can lie between. None of `secrets` is in it, nor a token,
 * whatever the answer said: it is printed, and goes into journals and reports.
 */
export function describeFailure(
  {failure, tries}: RequestFailure,
  operation: Operation,
  secrets: readonly string[],
): VpcmdError {
  const {doing, url} = operation
  if (failure.kind === 'unsent') {
    return new VpcmdError({
      code: 'not_sent',
      message: `Interrupted: did not ${doing}.`,
      isUnsent: true,
      exitCode: exitCodes.interrupted,
    })
  }
  const often = tries > 1 ? ` after ${tries} tries` : ''
  if (failure.kind !== 'status') {
    const {code, reason, hint} = connectionProblem(failure, url)
    const isUnsent = failure.kind === 'refused' || failure.kind === 'unresolved'
    return new VpcmdError({code, message: `Could not ${doing}${often}: ${reason}.`, hint, isUnsent})
  }
  const error = serviceErrorIn(failure)
  const said = error ? `${error.message}${error.target}` : `${new URL(url).host} answered ${failure.status}`
  const asPage = isPage(failure.body) ? ' with a web page: a proxy may be in the way' : ''
  return new VpcmdError({
    code: error?.code ?? `http_${failure.status}`,
    message: withoutSecrets(sentence(`Could not ${doing}${often}: ${said}${asPage}`), secrets),
    hint: adviceFor(failure.status, error?.code, operation),
    trace: error?.trace,
    status: failure.status,
    asksToWait: asksToWait(failure),
    exitCode: exitCodeFor(failure.status),
  })
}

/**
 * Whether a change that failed with this error may have been made all the same: there was no answer, or one that does
 * not say (5xx). Refusals (4xx), and what never left this machine, are certain.
 */
export function isInDoubt({isUnsent, status}: VpcmdError): boolean {
  return !isUnsent && (status === undefined || status >= 500)
}

const surelyUnsent = ['connection_refused', 'host_not_found', 'tls_failure']

/** What was thrown when something was to be made: with `hint` in place of its own where it may have been made all the same. */
export function withDoubt(thrown: unknown, hint: string): unknown {
  if (!(thrown instanceof VpcmdError) || !isInDoubt(thrown) || surelyUnsent.includes(thrown.code)) return thrown
  const {code, message, trace, status, exitCode} = thrown
  return new VpcmdError({code, message, hint, trace, status, exitCode})
}

function adviceFor(status: number | undefined, code: string | undefined, {iamAction}: Operation): string | undefined {
  if (status === 403) {
    const action = iamAction
      ? `The caller needs the IAM action ${iamAction}, and a new policy can take ten minutes. `
      : ''
    return `${action}Context-based restrictions can be the cause as well.`
  }
  if (status === 401) return 'The token was refused: check that key and endpoints belong to the same cloud.'
  if (status === 412) return 'Somebody else changed it meanwhile: run the command again to see the present settings.'
  if (status === 429) return 'IBM Cloud limits how fast it is asked: try again in a while.'
  if (code?.includes('invalid_version')) return 'This vpcmd is too old or too new for the API: see vpcmd --version.'
  return undefined
}

function exitCodeFor(status: number | undefined) {
  if (status === 401 || status === 403) return exitCodes.denied
  if (status === 404) return exitCodes.notFound
  return exitCodes.failed
}

/** `{errors: [{code, message, target?}], trace}` (contract of the VPC API), or undefined when the body is not that. */
function serviceErrorIn({body}: Failure): ServiceError | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const {errors, trace} = body as {errors?: unknown; trace?: unknown}
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  if (typeof first !== 'object' || first === null) return undefined
  const {code, message, target} = first as {
    code?: unknown
    message?: unknown
    target?: {name?: unknown; value?: unknown}
  }
  if (typeof message !== 'string') return undefined
  return {
    code: typeof code === 'string' ? code : 'service_error',
    message: message.replace(/\.$/, ''),
    target: typeof target?.name === 'string' ? ` (${target.name})` : '',
    trace: typeof trace === 'string' ? trace : undefined,
  }
}

function isPage(body: unknown): boolean {
  return typeof body === 'string' && /^\s*<(!doctype|html)/i.test(body)
}

/** The error of a token request. IAM's shape: `{errorCode, errorMessage, context}` (IBM/node-sdk-core, lib/request-wrapper.ts). */
export function describeTokenFailure(
  {failure, tries}: RequestFailure,
  iamUrl: string,
  secrets: readonly string[],
): VpcmdError {
  const often = tries > 1 ? ` after ${tries} tries` : ''
  if (failure.kind !== 'status') {
    const {code, reason, hint} = connectionProblem(failure, iamUrl)
    const message = `Could not get a token from IAM${often}: ${reason}.`
    return new VpcmdError({code, message, hint, isUnsent: true})
  }
  const {errorCode, errorMessage, context} = (
    typeof failure.body === 'object' && failure.body !== null ? failure.body : {}
  ) as {
    errorCode?: unknown
    errorMessage?: unknown
    context?: {requestId?: unknown}
  }
  const status = failure.status ?? 0
  const isRefusal = status >= 400 && status < 500 && status !== 429
  const asPage = isPage(failure.body) ? ' with a web page: a proxy may be in the way' : ''
  const said = typeof errorMessage === 'string' ? errorMessage : `${new URL(iamUrl).host} answered ${status}${asPage}`
  return new VpcmdError({
    code: typeof errorCode === 'string' ? errorCode : `http_${status}`,
    message: withoutSecrets(sentence(`IAM gave no token${often}: ${said}`), secrets),
    hint: isRefusal ? 'Check that the API key is whole, not deleted or locked, and of this account.' : undefined,
    trace: typeof context?.requestId === 'string' ? context.requestId : undefined,
    isUnsent: true,
    exitCode: isRefusal ? exitCodes.denied : exitCodes.failed,
  })
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function connectionProblem(failure: Failure, url: string): {code: string; reason: string; hint?: string} {
  const host = new URL(url).host
  // No proxy is asked for an address of this machine.
  const proxy = isLoopback(url) ? undefined : proxyVariable()
  const throughProxy = proxy ? `${proxy} is set: see whether that proxy works and NO_PROXY is right.` : undefined
  switch (failure.kind) {
    case 'timeout':
      return {
        code: 'timeout',
        reason: `${host} gave ${failure.message}`,
        hint: throughProxy ?? 'A longer --timeout may help.',
      }
    case 'refused':
      return {
        code: 'connection_refused',
        reason: `the connection to ${host} was refused (${failure.connectionCode})`,
        hint:
          throughProxy ??
          'See whether a firewall is in the way, and whether VPC_URL and VPC_AUTH_URL are right if you set them.',
      }
    case 'unresolved':
      return {
        code: 'host_not_found',
        reason: `the host ${host} can't be found in the DNS (${failure.connectionCode})`,
        hint:
          throughProxy ??
          'See whether this machine has a network, and whether VPC_URL and VPC_AUTH_URL are right if you set them.',
      }
    case 'tls':
      return {
        code: 'tls_failure',
        reason: `the TLS certificate of ${host} can't be trusted (${failure.connectionCode})`,
        hint: 'If a proxy of your company opens TLS, name its CA in NODE_EXTRA_CA_CERTS.',
      }
    case 'unreadable':
      return isPage(failure.body)
        ? {
            code: 'web_page',
            reason: `${host} answered with a web page: a proxy or a login page may be in the way`,
            hint: throughProxy,
          }
        : {code: 'unreadable_answer', reason: `what ${host} answered is not what the API sends`, hint: throughProxy}
    default:
      return {
        code: 'connection_broken',
        reason: `the connection to ${host} broke: ${failure.message}`,
        hint: throughProxy,
      }
  }
}
