export interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean
  items?: Schema
}

const typeOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

/**
 * The narrowest schema of all samples: objects have the keys that were seen, and must have those that all of them had.
 * What lies deeper than `depth` objects is IBM's own, and of any kind within its type.
 */
export function inferSchema(samples: unknown[], depth: number): Schema {
  const types = [...new Set(samples.map(typeOf))].sort()
  const schema: Schema = {type: types.length === 1 ? types[0] : types}
  const lists = samples.filter(value => Array.isArray(value))
  const elements = lists.flat(1)
  if (elements.length > 0) schema.items = inferSchema(elements, depth)
  const objects = samples.filter(
    (value): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value),
  )
  if (objects.length === 0 || depth === 0) return schema
  const keys = [...new Set(objects.flatMap(Object.keys))].sort()
  schema.properties = Object.fromEntries(
    keys.map(key => [
      key,
      inferSchema(
        objects.filter(each => key in each).map(each => each[key]),
        depth - 1,
      ),
    ]),
  )
  schema.required = keys.filter(key => objects.every(each => key in each))
  schema.additionalProperties = false
  return schema
}
