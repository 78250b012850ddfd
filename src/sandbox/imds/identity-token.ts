import {sign} from 'hono/jwt'
import {accountId, crnOf, scatter, uuidOf} from '../core/ids.ts'
import {verifiedClaims} from '../iam/tokens.ts'
import {networkingOf} from '../vpc/networking.ts'
import type {MetadataSubject} from './metadata-environment.ts'

/**
 * The claims of an identity token, as ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md shows a decoded one.
 * What the second audience means is not said: here it only looks like IBM's. No source shows the claims of a bare metal
 * server: here they are an instance's, with the CRN of the server.
 */
function claimsOf({kind, record, vpcName, floatingIps}: MetadataSubject) {
  const {interfaces} = networkingOf(record, '')
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
    ip_addresses: [...floatingIps, ...interfaces.map(each => each.primary_ip)].map(ip => ({address: ip.address})),
    iss: issuer,
    subnets: [...subnets.values()],
    vpc: {crn: crnOf(record.region, 'vpc', record.vpc), name: vpcName, id: record.vpc},
  }
}

function makeKeys() {
  const algorithm = {name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048}
  const publicExponent = new Uint8Array([1, 0, 1])
  return crypto.subtle.generateKey({...algorithm, publicExponent}, false, ['sign', 'verify'])
}

/** Made for the first token, which it takes most of the time of. */
let keys: ReturnType<typeof makeKeys> | undefined

/** An identity token for an instance, valid from `issuedAt` for `ttlSeconds` (both in seconds): RS256, as IBM's are, with a key that lives as long as the process. */
export async function issueIdentityToken(
  subject: MetadataSubject,
  issuedAt: number,
  ttlSeconds: number,
  nonce?: string,
): Promise<string> {
  keys ??= makeKeys()
  const {privateKey} = await keys
  const claims = {...claimsOf(subject), iat: issuedAt, exp: issuedAt + ttlSeconds, nonce}
  // The header is made of these two before the call returns. A key as JSON would be read anew for each token, which takes
  // longer than to sign.
  return sign(
    claims,
    Object.assign(privateKey, {alg: 'RS256' as const, kid: `VSI-CR_${subject.record.region}_sandbox`}),
  )
}

/** Whether `token` was issued here to the instance `id` and is not expired at `now` (in seconds). */
export async function isIdentityToken(token: string, id: string, now: number): Promise<boolean> {
  keys ??= makeKeys()
  const claims = await verifiedClaims(token, (await keys).publicKey, 'RS256', now)
  return (claims?.iaas as {instanceID?: string} | undefined)?.instanceID === id
}
