import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {safeJson} from '../src/safe-json.ts'
import {toJson, toJsonLines} from '../src/terminal/formats.ts'
import {toYaml} from '../src/terminal/yaml.ts'

const deep = 100_000
const values: [string, unknown][] = [
  ['lists', JSON.parse('['.repeat(deep) + ']'.repeat(deep))],
  ['objects', JSON.parse(`${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`)],
  ['both', JSON.parse(`${'[{"a":'.repeat(deep / 2)}1${'}]'.repeat(deep / 2)}`)],
]

/** How many levels of lists and objects there are until something else comes, and what that is. */
function levelsOf(value: unknown): {levels: number; end: unknown} {
  let levels = 0
  let inner = value
  while (typeof inner === 'object' && inner !== null) {
    inner = Object.values(inner)[0]
    levels++
  }
  return {levels, end: inner}
}

describe.each(values)('what an API nests without end is printed as far as 200 levels: %s', (_of, value) => {
  it('as JSON', () => {
    for (const text of [safeJson(value), toJson(value), toJsonLines([value])]) {
      expect(levelsOf(JSON.parse(text))).toEqual({levels: 200, end: null})
    }
  })

  it('as YAML', () => {
    expect(levelsOf(parse(toYaml(value)))).toEqual({levels: 200, end: null})
  })

  it('with what stands beside it', () => {
    const whole = {id: 'i', at: new Date(0), value, last: ['x', undefined]}
    expect(JSON.parse(toJson(whole))).toMatchObject({id: 'i', at: '1970-01-01T00:00:00.000Z', last: ['x', null]})
    expect(parse(toYaml(whole))).toMatchObject({id: 'i', last: ['x', null]})
  })
})

it('what is nested less deep is printed whole', () => {
  const value = JSON.parse('['.repeat(300) + ']'.repeat(300))
  expect(safeJson(value)).toBe('['.repeat(300) + ']'.repeat(300))
})

it('a value that holds itself is still an error', () => {
  const value: {self?: unknown} = {}
  value.self = value
  expect(() => safeJson(value)).toThrow(TypeError)
})
