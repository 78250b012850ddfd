import {expect, it} from 'vitest'
import {symbolsFor} from '../../src/terminal/symbols.ts'

it.each<[what: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform, ellipsis: string]>([
  ['UTF-8 in LANG', {LANG: 'de_DE.UTF-8'}, 'linux', '…'],
  ['utf8 as glibc writes it', {LANG: 'C.utf8'}, 'linux', '…'],
  ['Latin 1', {LANG: 'de_DE.ISO-8859-1'}, 'linux', '...'],
  ['C in LC_ALL over LANG', {LC_ALL: 'C', LANG: 'de_DE.UTF-8'}, 'linux', '...'],
  ['LC_CTYPE over LANG', {LC_CTYPE: 'en_US.UTF-8', LANG: 'C'}, 'linux', '…'],
  ['an empty LC_ALL, which counts as unset', {LC_ALL: '', LANG: 'C.UTF-8'}, 'linux', '…'],
  ['nothing on Linux', {}, 'linux', '...'],
  ['nothing on macOS', {}, 'darwin', '…'],
  ['nothing on Windows', {}, 'win32', '…'],
  ['POSIX on macOS', {LC_ALL: 'POSIX'}, 'darwin', '...'],
])('a locale of %s', (_what, env, platform, ellipsis) => {
  const symbols = symbolsFor(env, platform)
  expect(symbols.ellipsis).toBe(ellipsis)
  const all = Object.values(symbols).flatMap(each => (typeof each === 'string' ? each : Object.values(each)))
  if (ellipsis === '...') expect(all.join('')).toMatch(/^[ -~]+$/)
})
