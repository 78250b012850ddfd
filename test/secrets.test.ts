import {describe, expect, it} from 'vitest'
import {withoutSecrets} from '../src/secrets.ts'
import {allowSeconds} from './support/allow-seconds.ts'

allowSeconds(20, 'A search that is slow is told from one that is not by the seconds that it takes.')

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'

describe('a token', () => {
  it.each([
    ['alone', token, '[token]'],
    ['in a sentence', `Got ${token}.`, 'Got [token].'],
    ['after a letter', `token_${token}`, 'token_[token]'],
    ['of five parts', `${token}.a.b`, '[token].a.b'],
    ['behind a dot', `x.${token}`, 'x.[token]'],
    ['without a signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.', '[token]'],
    ['twice', `${token} ${token}`, '[token] [token]'],
    ['that is none', 'eyJ and eyJa and eyJa.b', 'eyJ and eyJa and eyJa.b'],
  ])('%s is taken out', (_where, text, clean) => {
    expect(withoutSecrets(text, [])).toBe(clean)
  })

  it.each([
    ['Authorization: Basic Ynd4OmJ4'],
    ["  authorization: 'Bearer opaque-token_1'"],
    ['{"Authorization":"Basic Ynd4OmJ4"}'],
    ['Authorization=Bearer opaque'],
  ])('in %s is taken out, whatever it looks like', header => {
    expect(withoutSecrets(header, [])).toMatch(/(basic|bearer) \[secret\]['"}]*$/i)
  })
})

describe('a known secret', () => {
  const key = 'pa+ss/wörd "1" & more?'
  it.each([
    ['as it is', key],
    ['in a URL', encodeURIComponent(key)],
    ['in a form', String(new URLSearchParams({key})).slice('key='.length)],
    ['in JSON', JSON.stringify(key).slice(1, -1)],
    ['in base64', Buffer.from(key).toString('base64')],
    ['in base64 after a name', Buffer.from(`bx:${key}`).toString('base64')],
    ['in base64 after a longer name', Buffer.from(`name:${key}:x`).toString('base64')],
    ['in base64 of URLs', Buffer.from(`b:${key}`).toString('base64url')],
  ])('%s is taken out', (_how, written) => {
    const clean = withoutSecrets(`before ${written} after`, [key])
    expect(clean).toMatch(/^before .{0,12}\[secret\].{0,6} after$/)
    expect(Buffer.from(clean.slice(7, -6), 'base64').toString()).not.toContain('pa+ss')
  })

  it('that begins another leaves no rest of it', () => {
    expect(withoutSecrets('abcdefgh', ['abcd', 'abcdefgh'])).toBe('[secret]')
  })

  it('that is too short to be one is left', () => {
    expect(withoutSecrets('abc', ['abc', ''])).toBe('abc')
  })
})

describe('a text made to be slow', () => {
  const size = 4_000_000
  /** In milliseconds of this process, however busy the machine is. */
  const timeOf = (text: string) => {
    const start = process.cpuUsage()
    withoutSecrets(text, ['a-secret-key'])
    return process.cpuUsage(start).user / 1000
  }
  const fill = (part: string) => part.repeat(Math.ceil(size / part.length)).slice(0, size)
  const plainText = fill('some words of a log line, with nothing in it. ')
  it.each([
    ['eyJ-'],
    ['eyJa.'],
    ['eyJ.'],
    ['eyJa.b'],
    ['eyJ'],
    ['eyJa.eyJb eyJ'],
    ['Authorization: '],
    ['authorization:Basic '],
    ['a-secret-ke'],
    ['. eyJ'],
  ])('of %j takes as long as any other', part => {
    timeOf(plainText)
    const plainMs = timeOf(plainText)
    // A search that begins anew at each place would take minutes.
    expect(timeOf(fill(part))).toBeLessThan(2000 + 20 * plainMs)
  })
})
