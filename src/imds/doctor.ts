import {VpcmdError} from '../errors.ts'
import {isRecord, jsonOf, silenceInWords, withoutToken} from './answers.ts'
import {claimsOf} from './claims.ts'
import {
  checkClock,
  checkHopLimit,
  checkName,
  checkProxies,
  checkRoute,
  type Finding,
  wasSilent,
  wasUnreachable,
} from './doctor-checks.ts'
import {knownEndpoints, metadataHost} from './endpoints.ts'
import {fieldAt, namedAt, textAt} from './fields.ts'
import {type Attempt, knock, limits, type ServiceOptions} from './find-service.ts'
import {MetadataService, type Token} from './metadata-service.ts'
import type {Surroundings} from './surroundings.ts'

export interface Diagnosis {
  /** Whether nothing is wrong. */
  ok: boolean
  checks: Finding[]
}

/**
 * Looks for everything that keeps programs on this instance from the metadata service, all side by side, within the time
 * that finding the service may take and one request more. Never throws for what it finds.
 */
export async function diagnose(options: ServiceOptions, surroundings: Surroundings): Promise<Diagnosis> {
  const line = {...options, timeoutMs: options.timeoutMs ?? limits.findMs}
  const [attempts, container, addresses, routes] = await Promise.all([
    Promise.all(doors(options.endpoint).map(endpoint => knock(endpoint, options, line))),
    surroundings.container(),
    options.endpoint === undefined ? surroundings.addresses() : undefined,
    surroundings.routes(),
  ])
  const found = attempts.find(attempt => attempt.kind === 'found')
  const silent = attempts.every(wasSilent)
  const checks: (Finding | undefined)[] = [
    checkService(attempts, options.endpoint),
    checkProtocol(attempts, options.endpoint),
    checkCertificate(attempts),
    checkHopLimit(container, found !== undefined, silent),
    checkRoute(attempts, routes, surroundings.platform),
    addresses && checkName(addresses),
    checkProxies(surroundings.env),
    found && checkClock(found, surroundings.now()),
    ...(found
      ? await checkAnswers(new MetadataService(found, {...line, timeoutMs: options.timeoutMs ?? limits.requestMs}))
      : []),
  ]
  // A service that repeats the token in what it says is not to have it printed.
  const clean = (text: string) => (found ? withoutToken(text, found.identity.access_token) : text)
  const findings = checks
    .filter(finding => finding !== undefined)
    .map(
      ({finding, remedy, ...rest}): Finding => ({
        ...rest,
        finding: clean(finding),
        ...(remedy !== undefined && {remedy: clean(remedy)}),
      }),
    )
  return {ok: findings.every(({state}) => state !== 'problem'), checks: findings}
}

/** An endpoint that the user named is asked by the other protocol, too: it may be but the wrong one. */
function doors(endpoint: string | undefined): string[] {
  return endpoint === undefined ? [...knownEndpoints] : [endpoint, otherProtocol(endpoint)]
}

function otherProtocol(endpoint: string): string {
  const url = new URL(endpoint)
  // Without a port, each protocol has its own.
  return url.protocol === 'http:' ? `https://${url.host}` : `http://${url.host}`
}

function checkService(attempts: Attempt[], endpoint: string | undefined): Finding {
  const check = 'Metadata service'
  const found = attempts.find(attempt => attempt.kind === 'found')
  if (found) return {check, state: 'ok', finding: `It answers at ${found.endpoint}, at ${found.generation.token}.`}
  const replies = attempts.flatMap(attempt =>
    attempt.kind === 'missed' && attempt.outcome.kind === 'reply'
      ? [{endpoint: attempt.endpoint, reply: attempt.outcome}]
      : [],
  )
  const [first] = replies
  if (first?.reply.status === 403) {
    return {
      check,
      state: 'problem',
      finding: `${first.endpoint} answers 403: the service is off for this instance.`,
      remedy: turnOn,
    }
  }
  if (first) {
    const isApi = isRecord(jsonOf(first.reply))
    return {
      check,
      state: 'problem',
      finding: `${first.endpoint} answers ${first.reply.status} ${isApi ? 'and gives no token' : 'with what is no answer of a metadata service'}.`,
      remedy: isApi
        ? 'Try again; if it stays so, IBM support asks for the trace, which vpcmd imds token prints.'
        : somethingElse,
    }
  }
  const untrusted = attempts.find(isUntrusted)
  if (untrusted) {
    const finding = `${untrusted.endpoint} answers, but vpcmd asks it for nothing: its certificate is not trusted.`
    return {check, state: 'problem', finding}
  }
  if (attempts.every(wasUnreachable)) return {check, state: 'problem', finding: "It can't be asked: there is no route."}
  return {
    check,
    state: 'problem',
    finding: `Nothing answers: ${attempts.map(silence).join('; ')}.`,
    remedy:
      endpoint === undefined
        ? `If the service is off: ${turnOn}`
        : `Is ${endpoint} the right one? Leave --endpoint out to look for the service. If it is off: ${turnOn}`,
  }
}

const somethingElse =
  'Something else is in its place: is this an instance in IBM Cloud VPC? If so, what listens at that address?'

// IBM's FAQ (ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md) on instances that were created with the service off.
const turnOn =
  'vpcmd metadata enable <instance>, from a workstation. An instance that was created with the service off has to be stopped and started after that, too.'

function isUntrusted(attempt: Attempt): boolean {
  return attempt.kind === 'missed' && attempt.outcome.kind === 'none' && attempt.outcome.why === 'untrusted'
}

function silence(attempt: Attempt): string {
  return attempt.kind === 'missed' && attempt.outcome.kind === 'none'
    ? `${attempt.endpoint}: ${silenceInWords(attempt.outcome)}`
    : attempt.endpoint
}

function checkProtocol(attempts: Attempt[], endpoint: string | undefined): Finding | undefined {
  const check = 'Protocol'
  const found = attempts.find(attempt => attempt.kind === 'found')
  if (!found) return undefined
  const protocol = new URL(found.endpoint).protocol.slice(0, -1)
  if (endpoint !== undefined && found.endpoint !== endpoint) {
    return {
      check,
      state: 'problem',
      finding: `This instance's service speaks ${protocol}, and ${endpoint} asks for the other protocol.`,
      remedy: `--endpoint ${found.endpoint}, or from a workstation: vpcmd metadata enable ${instanceOf(found.identity)} --protocol ${protocol === 'http' ? 'https' : 'http'}`,
    }
  }
  return {
    check,
    state: 'ok',
    finding:
      protocol === 'http'
        ? 'http.'
        : `https. Programs that ask http, as IBM's SDKs do unless told, get no answer: tell them https://${metadataHost}.`,
  }
}

function checkCertificate(attempts: Attempt[]): Finding | undefined {
  const check = 'Certificate'
  for (const attempt of attempts) {
    if (attempt.kind === 'missed' && attempt.outcome.kind === 'none' && attempt.outcome.why === 'untrusted') {
      return {
        check,
        state: 'problem',
        finding: `${attempt.endpoint}: the certificate is not trusted (${attempt.outcome.code}).`,
        remedy: mendTrust(attempt.outcome.code),
      }
    }
    if (attempt.kind === 'found' && attempt.endpoint.startsWith('https:')) {
      return {check, state: 'ok', finding: 'Trusted.'}
    }
  }
  return undefined
}

function mendTrust(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `It is for another name than the one that was asked: something else is in the place of ${metadataHost}.`
  }
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code)) return "Is this machine's clock right? Set it by a time server."
  return 'Trust its CA with --ca-file FILE or NODE_EXTRA_CA_CERTS=FILE; curl takes --cacert FILE.'
}

/** What the service itself says: of the instance, and of its trusted profile, by trying an exchange whose token is dropped. */
async function checkAnswers(service: MetadataService): Promise<Finding[]> {
  const [instance, initialization, token] = await Promise.all(
    [service.instance(), service.get('instance/initialization'), service.iamToken(undefined)].map(settled),
  )
  const metadata = checkMetadata(instance, initialization)
  // Without the initialization there is no telling whether there is a profile.
  const isUntold = initialization instanceof VpcmdError && token instanceof VpcmdError
  return isUntold ? [metadata] : [metadata, checkProfile(service, initialization, token)]
}

function checkMetadata(instance: unknown, initialization: unknown): Finding {
  const check = 'Metadata'
  const failed = [instance, initialization].find(answer => answer instanceof VpcmdError)
  if (failed) return problemOf(check, failed)
  return {check, state: 'ok', finding: `This is ${namedAt(instance)}.`}
}

function problemOf(check: string, failed: VpcmdError): Finding {
  // What it says of itself sends one to the doctor.
  const hints: Record<string, string> = {
    no_answer: 'Try again, with a longer --timeout.',
    no_metadata_service: somethingElse,
    redirected: somethingElse,
  }
  return {check, state: 'problem', finding: failed.messageWithTrace, remedy: hints[failed.code] ?? failed.hint}
}

function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => {
    if (error instanceof VpcmdError) return error
    throw error
  })
}

function checkProfile(service: MetadataService, initialization: unknown, token: unknown): Finding {
  const check = 'Trusted profile'
  const target = fieldAt(initialization, 'default_trusted_profile', 'target')
  const name = namedAt(target) || textAt(target, 'crn')
  if (!(token instanceof VpcmdError)) return {check, state: 'ok', finding: `An IAM token comes by ${name || 'it'}.`}
  if (!name) {
    return {
      check,
      state: 'ok',
      finding: 'This instance has no default one: vpcmd imds iam-token needs --trusted-profile.',
    }
  }
  if (token.code !== 'profile_not_linked') return problemOf(check, token)
  const crn = textAt(claimsOrNothing(service.identity), 'iaas', 'crn')
  return {
    check,
    state: 'problem',
    finding: `${name} is not linked to this instance.`,
    // IBM's CLI reference for IAM, trusted-profile-link-create.
    remedy: `ibmcloud iam trusted-profile-link-create ${asWord(textAt(target, 'id')) ?? '<profile>'} --name <link> --cr-type VSI --link-crn ${asWord(crn) ?? '<CRN of the instance>'}`,
  }
}

function instanceOf(identity: Token): string {
  return asWord(textAt(claimsOrNothing(identity), 'iaas', 'instanceID')) ?? '<instance>'
}

/** An ID or a CRN, if it is one: remedies are made to be pasted into a shell. */
function asWord(text: string): string | undefined {
  return /^\w[\w.:/-]*$/.test(text) ? text : undefined
}

function claimsOrNothing({access_token: token}: Token): unknown {
  try {
    return claimsOf(token)
  } catch {
    return undefined
  }
}
