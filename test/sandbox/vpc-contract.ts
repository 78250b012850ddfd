import {existsSync, readFileSync} from 'node:fs'
import {Ajv} from 'ajv'
import {expect} from 'vitest'

const file = new URL('../contract/vpc-v1.schema.json', import.meta.url)
const ajv = new Ajv({strict: false, allErrors: true})
const isThere = existsSync(file)
if (isThere) {
  const {definitions}: {definitions: Record<string, {properties?: object}>} = JSON.parse(readFileSync(file, 'utf8'))
  // Beyond the schema itself: an answer has no property that IBM's types do not know.
  const closed = Object.entries(definitions).map(([name, each]) => [
    name,
    each.properties ? {...each, additionalProperties: false} : each,
  ])
  ajv.addSchema({definitions: Object.fromEntries(closed)}, 'vpc')
}

/** Expects a body to be valid by the contract's definition, where the contract lies beside the checkout. */
export function checkAgainstContract(definition: string, body: unknown): void {
  if (!isThere) return
  const validate = ajv.getSchema(`vpc#/definitions/${definition}`)
  if (validate === undefined) throw new Error(`The schema has no ${definition}.`)
  validate(body)
  expect(validate.errors ?? []).toEqual([])
}
