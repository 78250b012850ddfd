import {describe, expect, it} from 'vitest'
import {bold, colorsFor, cyan, green, red, yellow} from '../../src/terminal/style.ts'

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
    ['CLICOLOR_FORCE on a pipe', {}, {CLICOLOR_FORCE: '1'}, true],
    ['CLICOLOR_FORCE=0 on a pipe', {}, {CLICOLOR_FORCE: '0'}, false],
    ['CLICOLOR=0 on a terminal', terminal, {CLICOLOR: '0'}, false],
    ['VPCMD_COLOR=always over all others', {}, {VPCMD_COLOR: 'always', NO_COLOR: '1', FORCE_COLOR: '0'}, true],
    ['VPCMD_COLOR=never over all others', terminal, {VPCMD_COLOR: 'never', FORCE_COLOR: '1'}, false],
    ['VPCMD_COLOR=auto, which leaves it to the others', terminal, {VPCMD_COLOR: 'auto', NO_COLOR: '1'}, false],
  ])('decides for %s', (_what, stream, env, expected) => {
    expect(colorsFor(stream, env)).toBe(expected)
  })
})

it('styles a text and ends the style after it', () => {
  expect(bold(red('x'))).toBe('\x1b[1m\x1b[38;5;160mx\x1b[39m\x1b[22m')
})

/** The relative luminance (WCAG 2.2) of a colour of the cube of 6 × 6 × 6 that follows the first 16 of 256. */
function luminance(index: number): number {
  const levels = [0, 95, 135, 175, 215, 255]
  const [r = 0, g = 0, b = 0] = [36, 6, 1].map(weight => {
    const level = (levels[Math.floor((index - 16) / weight) % 6] ?? 0) / 255
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

it.each([red, green, yellow, cyan])('each colour can be read on black and on white', color => {
  const index = Number(/38;5;(\d+)m/.exec(color('x'))?.[1])
  const onBlack = (luminance(index) + 0.05) / 0.05
  const onWhite = 1.05 / (luminance(index) + 0.05)
  expect(Math.min(onBlack, onWhite)).toBeGreaterThan(3.8)
})
