import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {accountId} from '../core/ids.ts'
import type {InstanceRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import {issueToken} from '../iam/iam.ts'
import {defaultProfileOf, linkedProfile, type TrustedProfile, unlinkedProfile} from '../iam/trusted-profiles.ts'
import type {MetadataCloud, MetadataContext, MetadataEnvironment} from './metadata-environment.ts'
import {MetadataError, unauthenticated} from './metadata-error.ts'
import {type Body, checkQuery, invalidValue, readBearer, readBody, readLifetime, readPart} from './metadata-request.ts'

const longestNonce = 256

function readNonce(body: Body): string | undefined {
  const {nonce} = body
  if (nonce === undefined) return undefined
  // No source states its bounds: the longest one is the sandbox's choice.
  if (typeof nonce === 'string' && nonce !== '' && nonce.length <= longestNonce) return nonce
  throw invalidValue('nonce', `The \`nonce\` field must be a string of 1 to ${longestNonce} characters.`, nonce)
}

/** Throws 400 unless the header is there and says `ibm`; it keeps forged requests of web pages and redirects out. */
function checkFlavor(c: MetadataContext): void {
  const name = 'Metadata-Flavor'
  const value = c.req.header(name)
  if (!value) {
    const message = 'A value such as `ibm` must be provided in the `Metadata-Flavor` header.'
    throw new MetadataError(400, 'missing_value', message, {name, type: 'header'})
  }
  if (value === 'ibm') return
  const message = 'The value provided in the `Metadata-Flavor` header must be `ibm`.'
  throw new MetadataError(400, 'invalid_value', message, {name, type: 'header', value})
}

/** The profile that a request names by ID or CRN, else the instance's default. Throws 400 where there is none, or it is not linked to the instance. */
function chooseProfile(
  asked: Body | undefined,
  record: InstanceRecord,
  others: () => InstanceRecord[],
): TrustedProfile {
  const own = defaultProfileOf(record)
  if (asked === undefined && own !== undefined) return chooseProfile({id: own.id}, record, others)
  if (asked === undefined) {
    const message = 'A trusted profile ID was not passed in the request body.'
    throw new MetadataError(400, 'missing_field', message, {name: 'trusted_profile', type: 'field'})
  }
  const names = Object.keys(asked)
  const [name] = names
  if ((name !== 'id' && name !== 'crn') || names.length !== 1) {
    const message = 'The `trusted_profile` field must have either an `id` or a `crn`.'
    throw new MetadataError(400, 'missing_field', message, {name: 'trusted_profile.id', type: 'field'})
  }
  const value = asked[name]
  const linked = [own?.autoLink ? own : undefined, linkedProfile].find(each => each?.[name] === value)
  if (linked !== undefined) return linked
  const target = {name: `trusted_profile.${name}`, type: 'field', value: String(value)} as const
  const exists = [unlinkedProfile, own, ...others().map(defaultProfileOf)].some(each => each?.[name] === value)
  if (!exists) throw new MetadataError(400, 'not_found', 'Trusted profile not found.', target)
  const message = 'The virtual server instance is not linked to the specified trusted profile.'
  throw new MetadataError(400, 'profile_not_linked', message, target)
}

/** Claims of an IAM token that a trusted profile got: the grant type by IBM/node-sdk-core auth/token-managers/container-token-manager.ts. */
function profileClaims({id, crn}: TrustedProfile, record: InstanceRecord): Record<string, unknown> {
  const iamId = `iam-${id}`
  return {
    iam_id: iamId,
    id: iamId,
    realmid: 'iam',
    identifier: id,
    given_name: undefined,
    family_name: undefined,
    email: undefined,
    name: record.name,
    sub: id,
    sub_type: 'Profile',
    authn: {sub: record.id, iam_id: `crn-${record.id}`, name: record.name},
    account: {valid: true, bss: accountId, frozen: true},
    grant_type: 'urn:ibm:params:oauth:grant-type:cr-token',
    profile: {id, crn},
  }
}

/** `PUT …/token`, `POST …/iam_token(s)` and `POST …/certificates` of one generation of paths: `/instance_identity/v1` (`old`) or `/identity/v1`. */
export function identityRoutes(cloud: MetadataCloud, generation: 'new' | 'old'): Hono<MetadataEnvironment> {
  const {clock, fleet, tokens} = cloud
  const routes = new Hono<MetadataEnvironment>()
  const authorize = async (c: MetadataContext) => {
    const {record} = c.get('subject')
    if (!(await tokens.isValid(readBearer(c), record.id, clock() / 1000))) throw unauthenticated()
    return record
  }
  const lasting = (seconds: number) => {
    const now = clock()
    return {created_at: isoTime(now), expires_at: isoTime(now + seconds * 1000), expires_in: seconds}
  }

  routes.put('/token', async c => {
    checkQuery(c, clock())
    checkFlavor(c)
    const body = await readBody(c, ['expires_in', 'nonce'])
    const seconds = readLifetime(body, {least: 5, most: 3600, otherwise: 300})
    const nonce = readNonce(body)
    const token = await tokens.issue(c.get('subject'), Math.floor(clock() / 1000), seconds, nonce)
    // The answer has the nonce as well as the claim (ibm-cloud-docs/vpc instance_metadata_vpc_security_bp.md,
    // api-identity-change-log.md).
    return c.json({access_token: token, ...lasting(seconds), ...(nonce !== undefined && {nonce})})
  })

  routes.post(generation === 'old' ? '/iam_token' : '/iam_tokens', async c => {
    checkQuery(c, clock())
    const record = await authorize(c)
    const body = await readBody(c, ['trusted_profile'])
    const asked = readPart(body, 'trusted_profile', ['id', 'crn'])
    const profile = chooseProfile(asked, record, () => fleet.instances.all())
    const seconds = cloud.iamTokenTtlSeconds
    const issuer = `${cloud.iamUrl()}/identity`
    const issuedAt = Math.floor(clock() / 1000)
    const token = issueToken(fleet.secret, issuer, issuedAt, seconds, profileClaims(profile, record))
    return c.json({access_token: token, ...lasting(seconds)})
  })

  routes.post('/certificates', async c => {
    checkQuery(c, clock())
    const record = await authorize(c)
    const body = await readBody(c, ['csr', 'expires_in'])
    const {csr} = body
    if (csr === undefined) {
      const message = 'A certificate signing request was not passed in the request body.'
      throw new MetadataError(400, 'missing_field', message, {name: 'csr', type: 'field'})
    }
    if (typeof csr !== 'string') throw invalidValue('csr', 'The `csr` field must be a string.', csr)
    // The bounds are those of IBM's own client (vpc-file-storage-mount-helper, metadata service); 3600 by default.
    const seconds = readLifetime(body, {least: 300, most: 3600, otherwise: 3600})
    const certificates = await cloud.certificates.issue(csr, record.id, clock(), seconds)
    return c.json({certificates, ...lasting(seconds), id: randomUUID()})
  })
  return routes
}
