import {randomUUID} from 'node:crypto'
import {checkNameIsFree, fieldError} from '../core/api-error.ts'
import {type Routes, storedCollection} from '../core/collection.ts'
import {nameChange} from '../core/record-store.ts'
import {defaultsGroup, type KeyRecord} from '../core/records.ts'
import {bodyHead, type WireBody} from '../core/references.ts'
import type {SimulatedCloud} from '../core/simulated-cloud.ts'
import {type RequestBody, readBodyAs} from './request-body.ts'
import {algorithmOf, keyFacts} from './ssh-keys.ts'

/** The Key object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Key`). */
function keyBody(key: KeyRecord, base: string): WireBody {
  const facts = keyFacts(key.publicKey)
  return {
    ...bodyHead(base, 'keys', key.region, key),
    fingerprint: facts?.fingerprint ?? '',
    length: facts?.length ?? 0,
    public_key: key.publicKey,
    type: facts?.type ?? 'rsa',
  }
}

/** "The algorithm and comment fields may be omitted, as only the key field is used" (IBM/vpc-node-sdk vpc/v1.ts `CreateKeyParams`). */
function withAlgorithm([first = '', second]: string[]): string {
  const encoded = first.startsWith('ssh-') ? (second ?? '') : first
  return `${algorithmOf(encoded) ?? first} ${encoded}`
}

/** The public key of a prototype, as keys are kept. Throws 400. */
function publicKeyOf({public_key: given, type}: RequestBody<'keyPrototype'>): string {
  const key = withAlgorithm(given.trim().split(/\s+/))
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
    body: (key, c) => keyBody(key, c.get('base')),
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
