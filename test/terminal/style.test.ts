import {describe, expect, it} from 'vitest'
import {bold, colorsFor, red} from '../../src/terminal/style.ts'

const terminal = {isTTY: true}

describe('colorsFor', () => {
  it.each([
    ['a terminal', terminal, {}, true],
    ['a pipe', {}, {}, false],
    ['a dumb terminal', terminal, {TERM: 'dumb'}, false],
    ['NO_COLOR', terminal, {NO_COLOR: '1'}, false],
    ['an empty NO_COLOR, which counts as unset', terminal, {NO_COLOR: ''}, true],
    ['FORCE_COLOR on a pipe', {}, {FORCE_COLOR: '1'}, true],
    ['FORCE_COLOR over NO_COLOR', {}, {FORCE_COLOR: '', NO_COLOR: '1'}, true],
    ['FORCE_COLOR=0 on a terminal', terminal, {FORCE_COLOR: '0'}, false],
  ])('decides for %s', (_what, stream, env, expected) => {
    expect(colorsFor(stream, env)).toBe(expected)
  })
})

it('styles a text and ends the style after it', () => {
  expect(bold(red('x'))).toBe('\x1b[1m\x1b[31mx\x1b[39m\x1b[22m')
})
