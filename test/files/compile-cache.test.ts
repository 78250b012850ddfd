import {chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs'
import module from 'node:module'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it, vi} from 'vitest'
import {keepCompiledCode} from '../../src/files/compile-cache.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {freshEnvironment, runVpcmd} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let home: string
const cache = (...names: string[]) => join(home, 'vpcmd', ...names)
const enable = vi.fn()
const keep = (at = home) => keepCompiledCode(enable, {XDG_CACHE_HOME: at, HOME: at})

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vpcmd-cache-'))
  vi.spyOn(process, 'platform', 'get').mockReturnValue('linux')
  enable.mockReset()
})
afterEach(() => rmSync(home, {recursive: true}))

it('compiled code is kept below the cache, in a folder for the user alone', async () => {
  await keep()
  await keep()
  expect(enable.mock.calls).toEqual([[cache('compiled')], [cache('compiled')]])
  for (const folder of [cache(), cache('compiled')]) expect(statSync(folder).mode & 0o777).toBe(0o700)
})

it.each(['', 'compiled'])('compiled code is not taken from a folder that others can write to: %s', async name => {
  mkdirSync(cache('compiled'), {recursive: true})
  chmodSync(cache(name), 0o777)
  await keep()
  expect(enable).not.toHaveBeenCalled()
})

it('a file in the way is no error, nor a folder that can not be made', async () => {
  writeFileSync(cache(), '')
  await keep()
  await keep('/proc/nosuch')
  expect(enable).not.toHaveBeenCalled()
})

it.runIf(process.getuid?.() === 0)('root makes nothing in the home of another', async () => {
  chownSync(home, 65534, 65534)
  await keep()
  expect(enable).not.toHaveBeenCalled()
  expect(readdirSync(home)).toEqual([])
})

const keepsCode = 'enableCompileCache' in module

it('a command leaves its code for the next one, where Node can keep it', async () => {
  const env = freshEnvironment({XDG_CACHE_HOME: home})
  expect(await runVpcmd(['metadata', 'history'], {env})).toMatchObject({code: 0})
  expect(readdirSync(home)).toEqual(keepsCode ? ['vpcmd'] : [])
  if (keepsCode) expect(readdirSync(cache('compiled'))).not.toEqual([])
})
