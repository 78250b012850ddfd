import {createPublicKey, generateKeyPair, type KeyObject, sign, verify} from 'node:crypto'
import {promisify} from 'node:util'
import {accountId, crnOf, scatter, uuidOf} from '../core/ids.ts'
import type {FloatingIpRecord, InstanceRecord} from '../core/records.ts'
import {networkingOf} from '../vpc/networking.ts'

/** What an identity token says of its instance. */
export interface Bearer {
  kind: 'bare-metal-server' | 'instance'
  record: InstanceRecord
  vpcName: string
  /** Those that lead to the instance. */
  floatingIps: readonly FloatingIpRecord[]
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * The claims of an identity token, as ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md shows a decoded one.
 * What the second audience means is not said: here it only looks like IBM's. No source shows the claims of a bare metal
 * server: here they are an instance's, with the CRN of the server.
 */
function claimsOf({kind, record, vpcName, floatingIps}: Bearer, issuedAt: number, ttlSeconds: number, nonce?: string) {
  const {interfaces} = networkingOf(record, '')
  const subnets = new Map<unknown, unknown>()
  for (const {subnet} of interfaces) {
    const {crn, name, id} = subnet as Record<string, string>
    subnets.set(id, {crn, name, id})
  }
  const issuer = `VSI-CR_${record.region}`
  return {
    aud: [issuer, `${uuidOf(`${record.id}/host`)}_${scatter(record.order)}${scatter(record.created)}`],
    exp: issuedAt + ttlSeconds,
    iaas: {
      crn: crnOf(record.zone, kind, record.id),
      accountID: accountId,
      instanceID: record.id,
      zone: record.zone,
      region: record.region,
      profile_name: record.profile,
      resource_group_id: record.resourceGroup.id,
    },
    iat: issuedAt,
    ip_addresses: [
      ...floatingIps.map(({address}) => ({address})),
      ...interfaces.map(each => ({address: (each.primary_ip as Record<string, string>).address})),
    ],
    iss: issuer,
    ...(nonce !== undefined && {nonce}),
    subnets: [...subnets.values()],
    vpc: {crn: crnOf(record.region, 'vpc', record.vpc), name: vpcName, id: record.vpc},
  }
}

/** Signs and checks identity tokens (RS256, as IBM's are) with a key that lives as long as the process. */
export class IdentityTokens {
  #keys: Promise<{privateKey: KeyObject; publicKey: KeyObject}> | undefined

  /** A token for an instance, valid from `issuedAt` for `ttlSeconds` (both in seconds). */
  async issue(bearer: Bearer, issuedAt: number, ttlSeconds: number, nonce?: string): Promise<string> {
    const {privateKey} = await this.#keyPair()
    const header = encode({alg: 'RS256', kid: `VSI-CR_${bearer.record.region}_sandbox`})
    const signed = `${header}.${encode(claimsOf(bearer, issuedAt, ttlSeconds, nonce))}`
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`
  }

  /** Whether `token` was issued here to the instance `id` and is not expired at `now` (in seconds). */
  async isValid(token: string, id: string, now: number): Promise<boolean> {
    const [header, claims, signature, ...more] = token.split('.')
    if (header === undefined || claims === undefined || signature === undefined || more.length > 0) return false
    const {publicKey} = await this.#keyPair()
    const signed = Buffer.from(`${header}.${claims}`)
    if (!verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))) return false
    // What is signed was written by `issue`: it needs no further doubt.
    const {exp, iaas} = JSON.parse(Buffer.from(claims, 'base64url').toString()) as ReturnType<typeof claimsOf>
    return exp > now && iaas.instanceID === id
  }

  #keyPair() {
    this.#keys ??= promisify(generateKeyPair)('rsa', {modulusLength: 2048}).then(({privateKey}) => ({
      privateKey,
      publicKey: createPublicKey(privateKey),
    }))
    return this.#keys
  }
}
