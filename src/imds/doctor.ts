import {asVpcmdError, VpcmdError} from '../errors.ts'
import {isRecord} from '../json-object.ts'
import {claimsIn} from '../jwt-claims.ts'
import {jsonOf, silenceInWords, withoutToken} from './answers.ts'
import {knownEndpoints, metadataHost} from './endpoints.ts'
import {fieldAt, namedAt, textAt} from './fields.ts'
import {type Attempt, limits, type ServiceOptions, tryEndpoint} from './find-service.ts'
import {
  type CheckResult,
  checkClock,
  checkHopLimit,
  checkName,
  checkProxies,
  checkRoute,
  ok,
  problem,
  wasSilent,
  wasUnreachable,
} from './machine-checks.ts'
import {type FoundService, MetadataService} from './metadata-service.ts'
import type {Surroundings} from './surroundings.ts'

/** What came of one check, and its name. */
export interface Finding extends CheckResult {
  check: string
}

export interface Diagnosis {
  /** Whether nothing is wrong. */
  ok: boolean
  checks: Finding[]
}

/**
 * Looks for everything that keeps programs on this instance from the metadata service, all side by side, within the time
 * that finding the service may take and one more request. Never throws for what it finds.
 */
export async function diagnose(options: ServiceOptions, surroundings: Surroundings): Promise<Diagnosis> {
  const {endpoint, timeoutMs, metadataAddress} = options
  const line = {...options, timeoutMs: timeoutMs ?? limits.findMs}
  // The user may have named the endpoint with the wrong protocol.
  const endpoints = endpoint === undefined ? knownEndpoints : [endpoint, otherProtocol(endpoint)]
  const [attempts, container, addresses, routes] = await Promise.all([
    Promise.all(endpoints.map(each => tryEndpoint(each, options, line))),
    surroundings.container(),
    endpoint === undefined && metadataAddress === undefined ? surroundings.addresses() : undefined,
    surroundings.routes(),
  ])
  const answered = attempts.find(attempt => attempt.found)
  const found = answered?.found
  const results: Record<string, CheckResult | undefined> = {
    'Metadata service': checkService(attempts, endpoint),
    Protocol: found && checkProtocol(found, endpoint),
    Certificate: checkCertificate(attempts),
    'Hop limit': checkHopLimit(container, found !== undefined, attempts.every(wasSilent)),
    Route: checkRoute(attempts, routes, surroundings.platform),
    'Host name': addresses && checkName(addresses),
    Proxies: checkProxies(surroundings.env),
    Clock: answered && checkClock(answered, surroundings.now()),
    ...(found && (await checkAnswers(new MetadataService(found, {...line, timeoutMs: timeoutMs ?? limits.requestMs})))),
  }
  // A service may repeat the token in what it says.
  const clean = (text: string) => (found ? withoutToken(text, found.identity.access_token) : text)
  const checks = Object.entries(results).flatMap(([check, result]): Finding[] => {
    if (result === undefined) return []
    const {state, finding, remedy} = result
    return [{check, state, finding: clean(finding), ...(remedy !== undefined && {remedy: clean(remedy)})}]
  })
  return {ok: checks.every(({state}) => state === 'ok'), checks}
}

function otherProtocol(endpoint: string): string {
  const url = new URL(endpoint)
  // Without a port, each protocol has its own.
  return url.protocol === 'http:' ? `https://${url.host}` : `http://${url.host}`
}

function checkService(attempts: Attempt[], endpoint: string | undefined): CheckResult {
  const found = attempts.find(attempt => attempt.found)?.found
  if (found) return ok(`It answers at ${found.endpoint}, at ${found.generation.token}.`)
  for (const {endpoint: answering, outcome} of attempts) {
    if (outcome.kind === 'none') continue
    if (outcome.status === 403)
      return problem(`${answering} answers 403: the service is off for this instance.`, turnOn)
    return isRecord(jsonOf(outcome))
      ? problem(
          `${answering} answers ${outcome.status} and gives no token.`,
          'Try again; if it stays so, IBM support asks for the trace, which vpcmd imds token prints.',
        )
      : problem(`${answering} answers ${outcome.status} with what is no answer of a metadata service.`, somethingElse)
  }
  const untrusted = attempts.find(isUntrusted)
  if (untrusted) {
    return problem(`${untrusted.endpoint} answers, but vpcmd asks it for nothing: its certificate is not trusted.`)
  }
  if (attempts.every(wasUnreachable)) return problem("It can't be asked: there is no route.")
  const silences = attempts.map(({endpoint: asked, outcome}) =>
    outcome.kind === 'none' ? `${asked}: ${silenceInWords(outcome)}` : asked,
  )
  return problem(
    `Nothing answers: ${silences.join('; ')}.`,
    endpoint === undefined
      ? `If the service is off: ${turnOn}`
      : `Is ${endpoint} the right one? Leave --endpoint out to look for the service. If it is off: ${turnOn}`,
  )
}

const somethingElse =
  'Something else is in its place: is this an instance in IBM Cloud VPC? If so, what listens at that address?'

// IBM's FAQ (ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md) on instances that were created with the service off.
const turnOn =
  'vpcmd metadata enable INSTANCE, from a workstation. An instance that was created with the service off has to be stopped and started after that, too: vpcmd instances restart INSTANCE.'

function checkProtocol({endpoint, identity}: FoundService, asked: string | undefined): CheckResult {
  const isPlain = endpoint.startsWith('http:')
  if (asked !== undefined && endpoint !== asked) {
    const instance = asWord(textAt(claimsIn(identity.access_token), 'iaas.instanceID')) ?? 'INSTANCE'
    return problem(
      `This instance's service speaks ${isPlain ? 'http' : 'https'}, and ${asked} asks for the other protocol.`,
      `--endpoint ${endpoint}, or from a workstation: vpcmd metadata enable ${instance} --protocol ${isPlain ? 'https' : 'http'}`,
    )
  }
  return isPlain
    ? ok('http.')
    : ok(
        `https. Programs that use http, as IBM's SDKs do by default, get no answer: set https://${metadataHost} in them.`,
      )
}

function isUntrusted({outcome}: Attempt): boolean {
  return outcome.kind === 'none' && outcome.why === 'untrusted'
}

function checkCertificate(attempts: Attempt[]): CheckResult | undefined {
  for (const attempt of attempts) {
    const {endpoint, outcome, found} = attempt
    if (outcome.kind === 'none' && isUntrusted(attempt)) {
      return problem(`${endpoint}: the certificate is not trusted (${outcome.code}).`, mendTrust(outcome.code))
    }
    if (found && endpoint.startsWith('https:')) return ok('Trusted.')
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

/** What the service says of the instance, and of its trusted profile, by trying an exchange whose token is dropped. */
async function checkAnswers(service: MetadataService): Promise<Record<string, CheckResult>> {
  const [instance, initialization, token] = await Promise.all(
    [service.instance(), service.get('instance/initialization'), service.iamToken(undefined)].map(
      (answer: Promise<unknown>) => answer.catch(asVpcmdError),
    ),
  )
  const failed = [instance, initialization].find(answer => answer instanceof VpcmdError)
  return {
    Metadata: failed ? failure(failed) : ok(`This is ${namedAt(instance)}.`),
    // Without the initialization there is no telling whether there is a profile.
    ...(!(initialization instanceof VpcmdError && token instanceof VpcmdError) && {
      'Trusted profile': checkProfile(service, initialization, token),
    }),
  }
}

function failure({code, hint, messageWithTrace}: VpcmdError): CheckResult {
  // The error's own hint may send the user to the doctor.
  const remedies: Record<string, string> = {
    no_answer: 'Try again, with a longer --timeout.',
    no_metadata_service: somethingElse,
    redirected: somethingElse,
  }
  return problem(messageWithTrace, remedies[code] ?? hint)
}

function checkProfile(service: MetadataService, initialization: unknown, token: unknown): CheckResult {
  const target = fieldAt(initialization, 'default_trusted_profile.target')
  const name = namedAt(target) || textAt(target, 'crn')
  if (!(token instanceof VpcmdError)) return ok(`An IAM token comes by ${name || 'it'}.`)
  if (!name) return ok('This instance has no default one: vpcmd imds iam-token needs --trusted-profile.')
  if (token.code !== 'profile_not_linked') return failure(token)
  const profile = asWord(textAt(target, 'id')) ?? '<profile>'
  const crn = asWord(textAt(claimsIn(service.identity.access_token), 'iaas.crn')) ?? '<CRN of the instance>'
  return problem(
    `${name} is not linked to this instance.`,
    // IBM's CLI reference for IAM, trusted-profile-link-create.
    `ibmcloud iam trusted-profile-link-create ${profile} --name <link> --cr-type VSI --link-crn ${crn}`,
  )
}

/** An ID or a CRN, if it is one: remedies are made to be pasted into a shell. */
function asWord(text: string): string | undefined {
  return /^\w[\w.:/-]*$/.test(text) ? text : undefined
}
