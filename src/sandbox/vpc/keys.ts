import {constants, createHash, createPublicKey, publicEncrypt, randomUUID} from 'node:crypto'
import {checkNameIsFree, fieldError} from '../core/api-error.ts'
import {type Routes, storedCollection} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {uuidOf} from '../core/ids.ts'
import {nameChange} from '../core/record-store.ts'
import {defaultsGroup, type KeyRecord} from '../core/records.ts'
import {bodyHead, resourceIn, shortReference, type WireBody} from '../core/references.ts'
import {regional} from '../core/regions.ts'
import {type RequestBody, readBodyAs} from './request-body.ts'

/** Read from the text of a public key. */
interface KeyFacts {
  type: 'ed25519' | 'rsa'
  /** In bits. */
  length: number
  /** `SHA256:` and base64 without padding, as `ssh-keygen -l` prints it. */
  fingerprint: string
}

// Nobody has the private half of this key.
const firstPublicKey =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDdHTzQKK7M04II42ZG2HYLkIb2I7PnMQeCxUl15HixvfsSgSVYEHs0qJkcFVD9txOLNo3FHuPDvTKWPk3/xo7x+zfQUVcphsPrw405zaMav0mjNd3YktJkeeG9K1iuFQOYR0/CsJVULIpCtWkbHWFAEDWL+Wr9bilPHFAX4hONf7vSF48OFR/ZvDb9wrsvV9mKXOf4C4M/Wf/gKatidjkvESG2tLgJo8XyrZ25qLmKOYGMyoGy2drl/mVKSYMf3frCmKdfULNkbUUdO3UX8j1CQoRguU+ZilUoIzrssxSX3RwmX94M8wyHnBxCLCx+txba/kCIhhn/IQ7TfwmSjnYf'

/** The one key that each region has from the start. */
export function firstKey({name: region}: {name: string}): KeyRecord {
  const code = regional(region, 'key', '').id.slice(0, 4)
  return {
    order: 1,
    id: `${code}-${uuidOf(`key/${region}`)}`,
    name: 'my-key',
    region,
    created: Date.UTC(2025, 0, 14, 9, 0, 0),
    resourceGroup: defaultsGroup,
    publicKey: firstPublicKey,
  }
}

/** The KeyReference of a key. */
export function keyReference(key: KeyRecord) {
  const {crn, ...rest} = shortReference('keys', resourceIn(key.region, 'keys', key))
  return {crn, fingerprint: keyFacts(key.publicKey)?.fingerprint ?? '', ...rest}
}

const encodedOf = (publicKey: string) => publicKey.split(' ')[1] ?? ''

/** The length-prefixed fields of the base64 part of a public key (RFC 4253, 6.6; RFC 8709); none where it is not made so. */
function fieldsOf(encoded: string): Buffer[] {
  const blob = Buffer.from(encoded, 'base64')
  const fields: Buffer[] = []
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return []
    const end = at + 4 + blob.readUInt32BE(at)
    if (end > blob.length) return []
    fields.push(blob.subarray(at + 4, end))
    at = end
  }
  return fields
}

/** Reads a public key as OpenSSH writes it: undefined for anything but an RSA or Ed25519 key. */
export function keyFacts(publicKey: string): KeyFacts | undefined {
  const encoded = encodedOf(publicKey)
  const [algorithm, first, second] = fieldsOf(encoded)
  const digest = createHash('sha256').update(Buffer.from(encoded, 'base64')).digest('base64')
  const fingerprint = `SHA256:${digest.replace(/=+$/, '')}`
  if (String(algorithm) === 'ssh-ed25519' && first?.length === 32) return {type: 'ed25519', length: 256, fingerprint}
  if (String(algorithm) !== 'ssh-rsa' || second === undefined) return undefined
  const modulus = second[0] === 0 ? second.subarray(1) : second
  return {type: 'rsa', length: modulus.length * 8, fingerprint}
}

/** Encrypts a text with an RSA key, PKCS #1 v1.5, as the API does it with the password of Windows (see IBM-Cloud/terraform-provider-ibm data_source_ibm_is_instance.go, which reads it with DecryptPKCS1v15). Base64. */
export function encryptFor(publicKey: string, text: string): string {
  const [, exponent, modulus] = fieldsOf(encodedOf(publicKey))
  if (exponent === undefined || modulus === undefined) throw new Error('This is no RSA key.')
  const jwk = {kty: 'RSA', e: exponent.toString('base64url'), n: modulus.toString('base64url')}
  const key = createPublicKey({key: jwk, format: 'jwk'})
  return publicEncrypt({key, padding: constants.RSA_PKCS1_PADDING}, Buffer.from(text)).toString('base64')
}

/** The Key object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Key`). */
function keyBody(key: KeyRecord): WireBody {
  const facts = keyFacts(key.publicKey)
  return {
    ...bodyHead('keys', key.region, key),
    fingerprint: facts?.fingerprint ?? '',
    length: facts?.length ?? 0,
    public_key: key.publicKey,
    type: facts?.type ?? 'rsa',
  }
}

/** The public key of a prototype, as keys are kept. Throws 400. */
function publicKeyOf({public_key: given, type}: RequestBody<'keyPrototype'>): string {
  // "The algorithm and comment fields may be omitted, as only the key field is used" (IBM/vpc-node-sdk vpc/v1.ts
  // `CreateKeyParams`).
  const [first = '', second = ''] = given.trim().split(/\s+/)
  const encoded = first.startsWith('ssh-') ? second : first
  const key = `${fieldsOf(encoded)[0]} ${encoded}`
  const facts = keyFacts(key)
  const refuse = (message: string) => fieldError('validation_failed', 'public_key', undefined, message)
  if (facts === undefined) throw refuse('The public key is not valid.')
  // "Keys of type `rsa` must be 2048 or 4096 bits in length" (IBM/vpc-node-sdk vpc/v1.ts `CreateKeyParams`).
  if (facts.type === 'rsa' && facts.length !== 2048 && facts.length !== 4096) {
    throw refuse('An RSA key must be 2048 or 4096 bits in length.')
  }
  if (type !== undefined && type !== facts.type) throw fieldError('validation_enum', 'type', type)
  return key
}

/** `/keys`. "The key field must not match another key in the region" (IBM/vpc-node-sdk vpc/v1.ts); that refusal's code and message are a guess. */
export function addKeys(routes: Routes, {fleet, clock}: SimulatedCloud): void {
  const keys = storedCollection(routes, fleet.keys, {
    path: '/keys',
    body: keyBody,
    filters: {'resource_group.id': key => key.resourceGroup.id},
    remove: (c): Promise<unknown> => keys.update(c, () => ({deleted: true})),
  })

  // "Updates a key's name", and nothing else (IBM/vpc-node-sdk vpc/v1.ts `updateKey`).
  routes.patch('/keys/:id', async c => {
    const {name} = await readBodyAs(c, 'keyPatch')
    return keys.answer(c, await keys.update(c, key => nameChange(fleet.keys, key, name)))
  })

  routes.post('/keys', async c => {
    const asked = await readBodyAs(c, 'keyPrototype')
    const publicKey = publicKeyOf(asked)
    const region = c.get('region')
    const made = await fleet.keys.add(order => {
      const {name = `key-${order}`, resource_group: resourceGroup = defaultsGroup} = asked
      const others = fleet.keys.of(region.name)
      checkNameIsFree(name, others)
      if (others.some(each => each.publicKey === publicKey)) {
        const message = 'Provided public key is not unique'
        throw fieldError('validation_unique_failed', 'public_key', undefined, message)
      }
      const id = `${region.code}-${randomUUID()}`
      return {order, id, name, region: region.name, created: clock(), resourceGroup, publicKey}
    })
    return keys.answer(c, made, 201)
  })
}
