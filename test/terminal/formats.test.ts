import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {jsonLinePieces, jsonPieces, toCsv, toJson, toJsonLines} from '../../src/terminal/formats.ts'
import {toYaml} from '../../src/terminal/yaml.ts'

const hostile = {
  name: 'a\x1b[31m\x9b2J\u202eb\u200f\u2028\u{e0041}\x7f😀日本語',
  'key\u202e': 'line 1\nline 2, "quoted"',
}

// What a terminal could act on. Line feeds stand between the lines.
const active = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u

describe('toJson and toJsonLines', () => {
  it('print the value indented, and one value a line', () => {
    expect(toJson([{a: 1}])).toBe('[\n  {\n    "a": 1\n  }\n]\n')
    expect(toJsonLines([{a: 1}, {b: [2]}])).toBe('{"a":1}\n{"b":[2]}\n')
    expect(toJsonLines([])).toBe('')
  })

  it('escape what a terminal could act on, and read back as it was', () => {
    for (const text of [toJson(hostile), toJsonLines([hostile])]) {
      expect(text).not.toMatch(active)
      expect(text).toContain('\\u202e')
      expect(text).toContain('\\udb40\\udc41')
      expect(text).toContain('😀日本語')
      expect(JSON.parse(text)).toEqual(hostile)
    }
  })
})

describe('jsonLinePieces', () => {
  it('are the lines, none of them cut, whatever their length and characters', () => {
    const values = [
      'ไทย 한국어 🚀',
      'x'.repeat(400_000),
      '\x7f\u009b31m',
      'ü'.repeat(1_200_000),
      '',
      'y'.repeat(900_000),
    ]
    const pieces = Array.from(jsonLinePieces(values), String)
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.every(piece => piece.endsWith('\n'))).toBe(true)
    const lines = pieces.join('').trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line))).toEqual(values)
    expect(lines[2]).toBe('"\\u007f\\u009b31m"')
    expect([...jsonLinePieces([])]).toEqual([])
  })
})

describe('jsonPieces', () => {
  it.each([
    [0, 1],
    [1, 1],
    [100, 1],
    [1001, 2],
    [2500, 3],
  ])('of %d values are the JSON of all, in %d', (count, expected) => {
    const values = Array.from({length: count}, (_, id) => ({id, tags: ['a\u009b', 'ü'.repeat(id % 1000)]}))
    const pieces = Array.from(jsonPieces(values), String)
    expect(pieces.join('')).toBe(toJson(values))
    expect(pieces).toHaveLength(expected)
  })

  it('of what JSON has no word for are those of the whole', () => {
    const values = [undefined, () => 1, Number.NaN, new Date(0)]
    expect([...jsonPieces(values)].join('')).toBe(toJson(values))
  })

  it('of anything else are its JSON', () => {
    expect([...jsonPieces({changed: []})]).toEqual([toJson({changed: []})])
  })
})

describe('toYaml', () => {
  it('escapes what a terminal could act on, and reads back as it was', async () => {
    const text = toYaml(hostile)
    expect(text).not.toMatch(active)
    expect(text).toContain('\\U000e0041')
    expect(parse(text)).toEqual(hostile)
  })

  it('keeps strings that look like something else strings, for YAML 1.1 as well', async () => {
    const value = {
      metadata: 'off',
      protocol: 'no',
      size: '1e3',
      time: '12:30',
      created: '2025-03-06',
      empty: '',
      n: null,
    }
    const text = toYaml(value)
    expect(parse(text)).toEqual(value)
    expect(parse(text, {version: '1.1'})).toEqual(value)
  })

  it('folds no long line and repeats what occurs twice', async () => {
    const shared = {id: 'x '.repeat(100).trim()}
    expect(toYaml([shared, shared])).toBe(`- id: ${shared.id}\n- id: ${shared.id}\n`)
  })
})

describe('toCsv', () => {
  it('quotes as RFC 4180 says, and ends lines as line tools read them', async () => {
    expect(
      await toCsv([
        ['Name', 'Zone'],
        ['a,b', 'say "x"'],
        ['two\nlines', ''],
        ['日本', 'z'],
      ]),
    ).toBe('Name,Zone\n"a,b","say ""x"""\n"two\nlines",\n日本,z\n')
  })

  it('prints the header alone when there are no rows', async () => {
    expect(await toCsv([['Name']])).toBe('Name\n')
  })

  it.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1+1',
    '\x1b[31m=1+1',
    '\u200b=1+1',
    ' =1+1',
    '  +1',
    '\n=1+1',
    ' \t@SUM(A1)',
    '\u00a0-1',
    '\u3000=1',
    '\uff1d1',
    '\uff0b1',
    '\uff0d1',
    ' \uff201',
  ])('lets no spreadsheet run %j', async cell => {
    expect(await toCsv([['Name'], [cell]])).toMatch(/^Name\n"?'\s*[=+@\-\uff1d\uff0b\uff0d\uff20]/)
  })

  it('leaves out what a terminal could act on', async () => {
    const text = await toCsv([['Name'], [hostile.name]])
    expect(text).toBe('Name\n"ab\n😀日本語"\n')
  })
})
