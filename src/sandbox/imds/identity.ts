import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {sign} from 'hono/jwt'
import {z} from 'zod'
import {ApiError} from '../core/api-error.ts'
import {bearerOf} from '../core/front-door.ts'
import {accountId, crnOf, scatter, uuidOf} from '../core/ids.ts'
import {isoTime} from '../core/references.ts'
import {whenAsked} from '../core/when-asked.ts'
import {grantTypes, issueToken, profileClaims, verifiedClaims} from '../iam/tokens.ts'
import {defaultProfileOf, linkedProfile, type TrustedProfile, unlinkedProfile} from '../iam/trusted-profiles.ts'
import {networkingOf} from '../vpc/networking.ts'
import {
  checkQuery,
  type MetadataCloud,
  type MetadataContext,
  type MetadataEnvironment,
  type MetadataSubject,
  readBody,
  refusedPart,
} from './metadata-request.ts'

/**
 * The claims of an identity token, as ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md shows a decoded one.
 * What the second audience means is not said: here it only looks like IBM's. No source shows the claims of a bare metal
 * server: here they are an instance's, with the CRN of the server.
 */
function claimsOf({kind, record, fleet}: MetadataSubject) {
  const {interfaces} = networkingOf(record)
  const subnets = new Map(interfaces.map(({subnet: {crn, name, id}}) => [id, {crn, name, id}]))
  const issuer = `VSI-CR_${record.region}`
  return {
    aud: [issuer, `${uuidOf(`${record.id}/host`)}_${scatter(record.order)}${scatter(record.created)}`],
    iaas: {
      crn: crnOf(record.zone, kind, record.id),
      accountID: accountId(),
      instanceID: record.id,
      zone: record.zone,
      region: record.region,
      profile_name: record.profile,
      resource_group_id: record.resourceGroup.id,
    },
    ip_addresses: [...fleet.floatingIpsOf(record), ...interfaces.map(each => each.primary_ip)].map(ip => ({
      address: ip.address,
    })),
    iss: issuer,
    subnets: [...subnets.values()],
    vpc: {crn: crnOf(record.region, 'vpc', record.vpc), name: fleet.vpcName(record.vpc), id: record.vpc},
  }
}

/** The keys of identity tokens, which live as long as the process. They are made for the first token, which it takes most of the time of. */
const keys = whenAsked(() => {
  const algorithm = {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048}
  const publicExponent = new Uint8Array([1, 0, 1])
  return crypto.subtle.generateKey({...algorithm, publicExponent}, false, ['sign', 'verify'])
})

/** An identity token for an instance, valid for `ttlSeconds`: RS256, as IBM's are. */
async function issueIdentityToken(subject: MetadataSubject, ttlSeconds: number, nonce?: string): Promise<string> {
  const {privateKey} = await keys()
  const issuedAt = Math.floor(subject.now / 1000)
  const claims = {...claimsOf(subject), iat: issuedAt, exp: issuedAt + ttlSeconds, nonce}
  // The header is made of these two before the call returns. A key as JSON would be read anew for each token, which takes
  // longer than to sign.
  const header = {alg: 'RS256' as const, kid: `VSI-CR_${subject.record.region}_sandbox`}
  return sign(claims, Object.assign(privateKey, header))
}

/** Whether `token` was issued here to this instance and is not expired. */
async function isIdentityToken(token: string, {record, now}: MetadataSubject): Promise<boolean> {
  const claims = await verifiedClaims(token, (await keys()).publicKey, 'RS256', now / 1000)
  return (claims?.iaas as {instanceID?: string} | undefined)?.instanceID === record.id
}

/**
 * The subject of a request with its identity token. Rejects as checkQuery does, with 400 without an Authorization header,
 * as for any missing header, and with 401 for one that has no good token of this instance.
 */
export async function authorize(c: MetadataContext, alsoAllowed?: readonly string[]): Promise<MetadataSubject> {
  checkQuery(c, alsoAllowed)
  if (!c.req.header('authorization')) {
    const message = 'An instance identity token must be provided in the `Authorization` header.'
    throw refusedPart('header', 'Authorization', 'missing_value', message)
  }
  const subject = c.get('subject')
  const token = bearerOf(c)
  if (token !== undefined && (await isIdentityToken(token, subject))) return subject
  const target = {name: 'Authorization', type: 'header'} as const
  throw new ApiError(401, 'unauthenticated', 'The provided token is invalid or expired.', target)
}

const lifetime = (least: number, most: number, otherwise: number) => {
  const message = `The value provided for the \`expires_in\` field must be between \`${least}\` and \`${most}\`.`
  return z.int(message).min(least, message).max(most, message).default(otherwise)
}

const longestNonce = 256
// No source states its bounds: the longest one is the sandbox's choice.
const nonceMessage = `The \`nonce\` field must be a string of 1 to ${longestNonce} characters.`

const tokenRequest = z.strictObject({
  expires_in: lifetime(5, 3600, 300),
  nonce: z.string(nonceMessage).min(1, nonceMessage).max(longestNonce, nonceMessage).optional(),
})
const iamTokenRequest = z.strictObject({
  trusted_profile: z
    .strictObject(
      {id: z.unknown().optional(), crn: z.unknown().optional()},
      'The value provided for the `trusted_profile` field must be an object.',
    )
    .optional(),
})
// The bounds are those of IBM's own client (vpc-file-storage-mount-helper, metadata service); 3600 by default.
const certificateRequest = z.strictObject({
  csr: z.string('The `csr` field must be a string.').optional(),
  expires_in: lifetime(300, 3600, 3600),
})

/** Throws 400 unless the header is there and says `ibm`; it keeps forged requests of web pages and redirects out. */
function checkFlavor(c: MetadataContext): void {
  const name = 'Metadata-Flavor'
  const value = c.req.header(name)
  if (value === 'ibm') return
  const missing = `A value such as \`ibm\` must be provided in the \`${name}\` header.`
  if (!value) throw refusedPart('header', name, 'missing_value', missing)
  const invalid = `The value provided in the \`${name}\` header must be \`ibm\`.`
  throw refusedPart('header', name, 'invalid_value', invalid, value)
}

/** The profile that a request names by ID or CRN, else the instance's default. Throws 400 where there is none, or it is not linked to the instance. */
function chooseProfile(given: Record<string, unknown> | undefined, {record, fleet}: MetadataSubject): TrustedProfile {
  const own = defaultProfileOf(record)
  const asked = given ?? (own && {id: own.id})
  if (asked === undefined) {
    const message = 'A trusted profile ID was not passed in the request body.'
    throw refusedPart('field', 'trusted_profile', 'missing_field', message)
  }
  const [name, ...more] = Object.keys(asked)
  if ((name !== 'id' && name !== 'crn') || more.length > 0) {
    const message = 'The `trusted_profile` field must have either an `id` or a `crn`.'
    throw refusedPart('field', 'trusted_profile.id', 'missing_field', message)
  }
  const value = asked[name]
  const linked = [own?.autoLink ? own : undefined, linkedProfile].find(each => each?.[name] === value)
  if (linked !== undefined) return linked
  const others = fleet.instances.all().map(defaultProfileOf)
  const exists = [unlinkedProfile, own, ...others].some(each => each?.[name] === value)
  const field = `trusted_profile.${name}`
  if (!exists) throw refusedPart('field', field, 'not_found', 'Trusted profile not found.', String(value))
  const message = 'The virtual server instance is not linked to the specified trusted profile.'
  throw refusedPart('field', field, 'profile_not_linked', message, String(value))
}

/** `PUT …/token`, `POST …/certificates` and `POST …/{iamPath}`: `iam_tokens` below `/identity/v1`, `iam_token` below the older `/instance_identity/v1`. */
export function identityRoutes(cloud: MetadataCloud, iamPath: string): Hono<MetadataEnvironment> {
  const routes = new Hono<MetadataEnvironment>()
  const lasting = ({now}: MetadataSubject, seconds: number) => ({
    created_at: isoTime(now),
    expires_at: isoTime(now + seconds * 1000),
    expires_in: seconds,
  })

  routes.put('/token', async c => {
    checkQuery(c)
    checkFlavor(c)
    const subject = c.get('subject')
    const {expires_in: seconds, nonce} = await readBody(c, tokenRequest)
    const token = await issueIdentityToken(subject, seconds, nonce)
    // The answer has the nonce as well as the claim (ibm-cloud-docs/vpc instance_metadata_vpc_security_bp.md,
    // api-identity-change-log.md).
    return c.json({access_token: token, ...lasting(subject, seconds), nonce})
  })

  routes.post(`/${iamPath}`, async c => {
    const subject = await authorize(c)
    const {trusted_profile: asked} = await readBody(c, iamTokenRequest)
    const profile = chooseProfile(asked, subject)
    const seconds = cloud.iamTokenTtlSeconds
    const issuedAt = Math.floor(subject.now / 1000)
    const {id, name} = subject.record
    const claims = profileClaims(profile, name, {sub: id, iam_id: `crn-${id}`, name}, grantTypes.crToken)
    const token = await issueToken(subject.fleet.secret, `${cloud.url}/identity`, issuedAt, seconds, claims)
    return c.json({access_token: token, ...lasting(subject, seconds)})
  })

  routes.post('/certificates', async c => {
    const subject = await authorize(c)
    const {csr, expires_in: seconds} = await readBody(c, certificateRequest)
    if (csr === undefined) {
      const message = 'A certificate signing request was not passed in the request body.'
      throw refusedPart('field', 'csr', 'missing_field', message)
    }
    const certificates = await (await cloud.certificates()).issue(csr, subject.record.id, subject.now, seconds)
    return c.json({certificates, ...lasting(subject, seconds), id: randomUUID()})
  })
  return routes
}
