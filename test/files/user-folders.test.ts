import {userInfo} from 'node:os'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {cacheFolder, stateFolder} from '../../src/files/user-folders.ts'

const home = userInfo().homedir
const isMac = process.platform === 'darwin'
const defaultCache = (of: string) => (isMac ? join(of, 'Library', 'Caches', 'vpcmd') : join(of, '.cache', 'vpcmd'))

it.each<[string, Record<string, string>, string]>([
  ['a full path', {XDG_STATE_HOME: '/x/state', XDG_CACHE_HOME: '/x/cache', HOME: '/h'}, '/x/state/vpcmd'],
  ['none', {HOME: '/h'}, '/h/.local/state/vpcmd'],
  ['a relative path', {XDG_STATE_HOME: 'state', XDG_CACHE_HOME: 'cache', HOME: '/h'}, '/h/.local/state/vpcmd'],
  ['a ~', {XDG_STATE_HOME: '~/x', XDG_CACHE_HOME: '~/x', HOME: '/h'}, '/h/.local/state/vpcmd'],
  ['nothing', {XDG_STATE_HOME: '', XDG_CACHE_HOME: '', HOME: '/h'}, '/h/.local/state/vpcmd'],
  ['no home', {}, join(home, '.local/state/vpcmd')],
  ['an empty home', {HOME: ''}, join(home, '.local/state/vpcmd')],
  ['a relative home', {HOME: 'here'}, join(home, '.local/state/vpcmd')],
])('state and cache are where the XDG specification has them, with %s', (_what, env, state) => {
  expect(stateFolder(env)).toBe(state)
  const given = !isMac && env.XDG_CACHE_HOME?.startsWith('/')
  expect(cacheFolder(env)).toBe(given ? '/x/cache/vpcmd' : defaultCache(env.HOME === '/h' ? '/h' : home))
})
