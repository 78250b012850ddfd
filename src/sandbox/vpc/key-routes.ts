import {randomUUID} from 'node:crypto'
import {Hono} from 'hono'
import {answerPage} from '../core/answer-page.ts'
import {checkNameIsFree, notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {readObject, refusal, unknownField, wrongType} from '../core/patch-fields.ts'
import {readFields, readName, readResourceGroup, requiredField} from '../core/prototype-fields.ts'
import {defaultsGroup, type KeyRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import {groupReference} from './region-bodies.ts'
import {algorithmOf, keyFacts, keyReference, keysIn} from './ssh-keys.ts'

interface KeyPrototype {
  name: string | undefined
  publicKey: string
  resourceGroup: {id: string; name: string} | undefined
}

/** The Key object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Key`). */
function keyBody(key: KeyRecord, base: string): Record<string, unknown> {
  const facts = keyFacts(key.publicKey)
  return {
    ...keyReference(key, base),
    created_at: isoTime(key.created),
    length: facts?.length ?? 0,
    public_key: key.publicKey,
    resource_group: groupReference(key.resourceGroup),
    type: facts?.type ?? 'rsa',
  }
}

/** "The algorithm and comment fields may be omitted, as only the key field is used" (IBM/vpc-node-sdk vpc/v1.ts `CreateKeyParams`). */
function withAlgorithm([first = '', second]: string[]): string {
  const isAlgorithm = first.startsWith('ssh-')
  const encoded = isAlgorithm ? (second ?? '') : first
  return `${algorithmOf(encoded) ?? first} ${encoded}`
}

/** Reads the body of `POST /keys`: `public_key`, and `name`, `type`, `resource_group` if any. Throws 400. */
function readKeyPrototype(text: string): KeyPrototype {
  const {name, public_key: publicKey, type, resource_group: group, ...rest} = readObject(text)
  const [stranger] = Object.keys(rest)
  if (stranger !== undefined) throw unknownField(stranger)
  if (publicKey === undefined) throw requiredField('public_key')
  if (typeof publicKey !== 'string') throw wrongType('public_key', publicKey)
  const key = withAlgorithm(publicKey.trim().split(/\s+/))
  const facts = keyFacts(key)
  if (facts === undefined) throw refusal('validation_failed', 'The public key is not valid.', 'public_key', undefined)
  // "Keys of type `rsa` must be 2048 or 4096 bits in length" (IBM/vpc-node-sdk vpc/v1.ts `CreateKeyParams`).
  if (facts.type === 'rsa' && facts.length !== 2048 && facts.length !== 4096) {
    throw refusal('validation_failed', 'An RSA key must be 2048 or 4096 bits in length.', 'public_key', undefined)
  }
  if (type !== undefined && type !== facts.type) {
    throw refusal('validation_enum', 'The value supplied was not a valid option.', 'type', type)
  }
  return {
    name: name === undefined ? undefined : readName(name, 'name'),
    publicKey: key,
    resourceGroup: readResourceGroup(group),
  }
}

/** `GET` and `POST /keys`, and `GET`, `PATCH` and `DELETE` of one key. "The key field must not match another key in the region" (IBM/vpc-node-sdk vpc/v1.ts); that refusal's code and message are a guess. */
export function keyRoutes({fleet, clock}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.get('/keys', c => {
    const group = c.req.query('resource_group.id')
    const rows = keysIn(fleet, c.get('region').name).filter(each => !group || each.resourceGroup.id === group)
    return answerPage(c, 'keys', rows, {bodyOf: each => keyBody(each, c.get('base')), placeOf: each => each.order})
  })
  routes.get('/keys/:id', c => {
    const found = keysIn(fleet, c.get('region').name).find(each => each.id === c.req.param('id'))
    if (found === undefined) throw notFound('id', c.req.param('id'))
    return c.json(keyBody(found, c.get('base')))
  })
  // "Updates a key's name", and nothing else (IBM/vpc-node-sdk vpc/v1.ts `updateKey`).
  routes.patch('/keys/:id', async c => {
    const id = c.req.param('id')
    const {name} = readFields(readObject(await c.req.text()), '', ['name'])
    const read = name === undefined ? undefined : readName(name, 'name')
    const key = await fleet.keep(state => {
      const all = keysIn(fleet, c.get('region').name)
      const found = all.find(each => each.id === id)
      if (found === undefined) throw notFound('id', id)
      if (read === undefined) return found
      checkNameIsFree(
        read,
        all.filter(each => each.name === read && each.id !== id),
      )
      state.renamed = {...state.renamed, [id]: read}
      return {...found, name: read}
    })
    return c.json(keyBody(key, c.get('base')))
  })
  routes.delete('/keys/:id', async c => {
    const id = c.req.param('id')
    await fleet.keep(state => {
      if (!keysIn(fleet, c.get('region').name).some(each => each.id === id)) throw notFound('id', id)
      state.removed = [...(state.removed ?? []), id]
    })
    return c.body(null, 204)
  })
  routes.post('/keys', async c => {
    const asked = readKeyPrototype(await c.req.text())
    const region = c.get('region')
    const key = await fleet.keep(state => {
      const others = keysIn(fleet, region.name)
      const order = Math.max(1, ...others.map(each => each.order)) + 1
      const name = asked.name ?? `key-${order}`
      if (others.some(each => each.name === name)) {
        throw refusal('validation_unique_failed', `Provided Name (${name}) is not unique`, 'name', name)
      }
      if (others.some(each => each.publicKey === asked.publicKey)) {
        throw refusal('validation_unique_failed', 'Provided public key is not unique', 'public_key', undefined)
      }
      const added: KeyRecord = {
        order,
        id: `${region.code}-${randomUUID()}`,
        name,
        region: region.name,
        created: clock(),
        resourceGroup: asked.resourceGroup ?? defaultsGroup,
        publicKey: asked.publicKey,
      }
      state.addedKeys = [...(state.addedKeys ?? []), added]
      return added
    })
    return c.json(keyBody(key, c.get('base')), 201)
  })
  return routes
}
