import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {z} from 'zod'
import type {InstanceRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import {type Claims, crTokenGrant, issueToken, profileClaims} from '../iam/tokens.ts'
import {defaultProfileOf, linkedProfile, type TrustedProfile, unlinkedProfile} from '../iam/trusted-profiles.ts'
import {issueIdentityToken} from './identity-token.ts'
import type {MetadataCloud, MetadataContext, MetadataEnvironment} from './metadata-environment.ts'
import {refusedPart} from './metadata-error.ts'
import {authorize, checkQuery, readBody} from './metadata-request.ts'

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
function chooseProfile(
  asked: Record<string, unknown> | undefined,
  record: InstanceRecord,
  others: () => InstanceRecord[],
): TrustedProfile {
  const own = defaultProfileOf(record)
  if (asked === undefined && own !== undefined) return chooseProfile({id: own.id}, record, others)
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
  const exists = [unlinkedProfile, own, ...others().map(defaultProfileOf)].some(each => each?.[name] === value)
  const field = `trusted_profile.${name}`
  if (!exists) throw refusedPart('field', field, 'not_found', 'Trusted profile not found.', String(value))
  const message = 'The virtual server instance is not linked to the specified trusted profile.'
  throw refusedPart('field', field, 'profile_not_linked', message, String(value))
}

/** Claims of the IAM token that an instance got for a trusted profile. */
function instanceClaims(profile: TrustedProfile, {id, name}: InstanceRecord): Claims {
  return profileClaims(profile, name, {sub: id, iam_id: `crn-${id}`, name}, crTokenGrant)
}

/** `PUT …/token`, `POST …/iam_token(s)` and `POST …/certificates` of one generation of paths: `/instance_identity/v1` (`old`) or `/identity/v1`. */
export function identityRoutes(cloud: MetadataCloud, generation: 'new' | 'old'): Hono<MetadataEnvironment> {
  const {clock, fleet} = cloud
  const routes = new Hono<MetadataEnvironment>()
  const recordOf = async (c: MetadataContext) => (await authorize(c, clock())).record
  const lasting = (seconds: number) => {
    const now = clock()
    return {created_at: isoTime(now), expires_at: isoTime(now + seconds * 1000), expires_in: seconds}
  }

  routes.put('/token', async c => {
    checkQuery(c, clock())
    checkFlavor(c)
    const {expires_in: seconds, nonce} = await readBody(c, tokenRequest)
    const token = await issueIdentityToken(c.get('subject'), Math.floor(clock() / 1000), seconds, nonce)
    // The answer has the nonce as well as the claim (ibm-cloud-docs/vpc instance_metadata_vpc_security_bp.md,
    // api-identity-change-log.md).
    return c.json({access_token: token, ...lasting(seconds), nonce})
  })

  routes.post(generation === 'old' ? '/iam_token' : '/iam_tokens', async c => {
    const record = await recordOf(c)
    const {trusted_profile: asked} = await readBody(c, iamTokenRequest)
    const profile = chooseProfile(asked, record, () => fleet.instances.all())
    const seconds = cloud.iamTokenTtlSeconds
    const issuedAt = Math.floor(clock() / 1000)
    const token = await issueToken(
      fleet.secret,
      `${cloud.url}/identity`,
      issuedAt,
      seconds,
      instanceClaims(profile, record),
    )
    return c.json({access_token: token, ...lasting(seconds)})
  })

  routes.post('/certificates', async c => {
    const record = await recordOf(c)
    const {csr, expires_in: seconds} = await readBody(c, certificateRequest)
    if (csr === undefined) {
      const message = 'A certificate signing request was not passed in the request body.'
      throw refusedPart('field', 'csr', 'missing_field', message)
    }
    const certificates = await cloud.issueCertificate(csr, record.id, clock(), seconds)
    return c.json({certificates, ...lasting(seconds), id: randomUUID()})
  })
  return routes
}
