import {readFileSync} from 'node:fs'
import {Ajv} from 'ajv'
import {expect} from 'vitest'

interface Schema {
  definitions: Record<string, {properties?: object}>
}

// A template is one of several kinds, whose own properties only IBM's types of these kinds know (IBM/vpc-node-sdk
// vpc/v1.ts, InstanceTemplateInstanceByImage… and its siblings): the schema has what they have in common.
const ofKinds: Record<string, object> = {
  InstanceTemplate: {
    boot_volume_attachment: {type: 'object'},
    image: {type: 'object'},
    network_attachments: {type: 'array'},
    primary_network_attachment: {type: 'object'},
    zone: {type: 'object'},
  },
}

const file = new URL('../contract/vpc-v1.schema.json', import.meta.url)
const {definitions}: Schema = JSON.parse(readFileSync(file, 'utf8'))
// Beyond the schema itself: an answer has no property that IBM's types do not know.
const closed = Object.entries(definitions).map(([name, {properties, ...each}]) => [
  name,
  properties ? {...each, properties: {...properties, ...ofKinds[name]}, additionalProperties: false} : each,
])
const ajv = new Ajv({strict: false, allErrors: true})
ajv.addSchema({definitions: Object.fromEntries(closed)}, 'vpc')

/** Expects a body to be valid by a definition of IBM's types (test/contract/vpc-v1.schema.json), and to have no other property. */
export function checkAgainstContract(definition: string, body: unknown): void {
  const validate = ajv.getSchema(`vpc#/definitions/${definition}`)
  if (validate === undefined) throw new Error(`The schema has no ${definition}.`)
  validate(body)
  expect(validate.errors ?? []).toEqual([])
}
