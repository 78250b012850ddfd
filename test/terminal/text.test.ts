import {describe, expect, it} from 'vitest'
import {cut, pad, plain, width, wrap} from '../../src/terminal/text.ts'

describe('plain', () => {
  it.each([
    ['colours', 'a\x1b[31mred\x1b[0mb', 'aredb'],
    ['a clear screen', 'a\x1b[2J\x1b[Hb', 'ab'],
    ['a window title, whole', 'a\x1b]0;you are owned\x07b', 'ab'],
    ['a hyperlink, but not its text', '\x1b]8;;https://example.com\x1b\\here\x1b]8;;\x1b\\', 'here'],
    ['a device control string', 'a\x1bPq some data\x1b\\b', 'ab'],
    ['the C1 form of an escape sequence', 'a\x9b31mb', 'ab'],
    ['the C1 form of a window title', 'a\x9d0;you are owned\x9cb', 'ab'],
    ['of a string command that never ends only what acts', 'a\x1b]b c', 'a]b c'],
    ['a sequence that appears once another is taken out', 'a\x1b\x1b[31m[31mb', 'a[31mb'],
    ['bells, backspaces, nulls and DEL', 'a\x07\b\0\x7fb', 'ab'],
    ['right-to-left marks, overrides and isolates', 'a\u200f\u202e\u2067b\u2069\u202c', 'ab'],
    ['zero-width characters', 'a\u200b\u200c\u200d\u2060\ufeffb', 'ab'],
    ['invisible tags and fillers', 'a\u{e0041}\u3164\u00adb', 'ab'],
    ['half a surrogate pair', 'a\ud800b', 'ab'],
  ])('leaves out %s', (_what, text, expected) => {
    expect(plain(text)).toBe(expected)
  })

  it.each(['\n', '\r\n', '\t', '\v', '\u0085', '\u2028', '\u2029'])('prints a space for %j', separator => {
    expect(plain(`a${separator}b`)).toBe('a b')
  })

  it.each(['my-virtual-server-1', 'größe', '日本語', '😀 crn:v1'])('keeps %s', text => {
    expect(plain(text)).toBe(text)
  })

  it('ends in time on a long row of introducers', () => {
    expect(plain('\x1b]'.repeat(100_000)).replaceAll(']', '')).toBe('')
    expect(plain('\x9d'.repeat(100_000))).toBe('')
  })
})

describe('width, pad, cut and wrap', () => {
  it('counts wide characters twice and accents not at all', () => {
    expect([width('abc'), width('日本'), width('😀'), width('e\u0301')]).toEqual([3, 4, 2, 1])
  })

  it('fills up to a width', () => {
    expect(pad('日', 4)).toBe('日  ')
    expect(pad('abcdef', 4)).toBe('abcdef')
  })

  it('cuts with an ellipsis, within the width', () => {
    expect(cut('abcdef', 6, '…')).toBe('abcdef')
    expect(cut('abcdef', 4, '…')).toBe('abc…')
    expect(cut('abcdef', 4, '...')).toBe('a...')
    expect(cut('abcdef', 2, '...')).toBe('..')
    expect(cut('日本語', 4, '…')).toBe('日…')
  })

  it('wraps at spaces, and within a word only when it must', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
    expect(wrap('one two three', 6)).toEqual(['one', 'two', 'three'])
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh'])
    expect(wrap('日本語', 4)).toEqual(['日本', '語'])
    expect(wrap('', 4)).toEqual([''])
  })
})
