import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it, onTestFinished} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {copyOfBuild} from '../support/copy-of-build.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {runFile, runShell, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

const here = startEachSandbox()

const state = (...names: string[]) => join(here.env.XDG_STATE_HOME ?? '', 'vpcmd', ...names)
const cache = (...names: string[]) => join(here.env.XDG_CACHE_HOME ?? '', 'vpcmd', ...names)
const changes = () => here.seen.filter(({method}) => method === 'PATCH')
const tokens = () => here.seen.filter(({path}) => path === '/identity/token').length

let copy: string | undefined
afterAll(() => copy && rmSync(copy, {recursive: true}))

/** Runs vpcmd as a user who is not root: to root, a folder of root's is its own. */
function asUser(...args: string[]) {
  if (process.getuid?.() !== 0) return runFile(process.execPath, [vpcmdPath, ...args], here.env, '')
  copy ??= copyOfBuild()
  const command = [process.execPath, join(copy, 'dist', 'main.cjs'), ...args]
  return runFile('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...command], here.env, '')
}

describe('a folder of journals', () => {
  it.each([
    ['runs', 0o770],
    ['', 0o777],
    ['runs', 0o702],
  ])('that others can write to is not used, and nothing is sent (%s, %o)', async (name, mode) => {
    mkdirSync(state('runs'), {recursive: true, mode: 0o700})
    chmodSync(state(name), mode)
    for (const words of [`metadata enable ${id} --yes`, 'metadata history', 'metadata undo --yes', 'metadata resume']) {
      const {code, stderr} = await runInProcess(words.split(' '), {env: here.env})
      expect({words, code, stderr}).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`others can write to ${state(name).replace(/\/$/, '')}`),
      })
      expect(stderr).toContain(`chmod go-w ${state(name).replace(/\/$/, '')}. Or set XDG_STATE_HOME`)
    }
    expect(changes()).toEqual([])
    chmodSync(state(name), mode & ~0o022)
    expect((await runInProcess(['metadata', 'enable', id], {env: here.env})).code).toBe(0)
  })

  it("that is root's is not used by another, and says who can help", async () => {
    mkdirSync(here.env.XDG_STATE_HOME ?? '')
    symlinkSync('/usr', state())
    for (const folder of [here.env.HOME ?? '', here.env.XDG_STATE_HOME ?? '']) chmodSync(folder, 0o755)
    const {code, stderr} = await asUser('metadata', 'enable', id, '--json')
    expect({code, stderr}).toEqual({code: 1, stderr: ''})
    const {stdout} = await asUser('metadata', 'enable', id, '--json')
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'state_not_private',
      message: expect.stringContaining(`${state()} belongs to root`),
      hint: expect.stringContaining(`sudo chown -R "$USER" ${state()}`),
    })
    expect(changes()).toEqual([])
  })

  it('that can not be made for want of permission says whose the place is', async () => {
    chmodSync(here.env.HOME ?? '', 0o755)
    here.env.XDG_STATE_HOME = '/usr/nosuch'
    const {code, stderr} = await asUser('metadata', 'enable', id)
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringMatching(/can't be written \(\/usr belongs to root\): nothing more is sent/),
    })
    expect(stderr).toMatch(/Set XDG_STATE_HOME to another folder/)
    expect(stderr).not.toContain('make room')
    expect(changes()).toEqual([])
  })

  it('that others can write to does not hide what there is, but no restart is told from it', async () => {
    mkdirSync(state('runs'), {recursive: true, mode: 0o700})
    chmodSync(state('runs'), 0o777)
    const {code, stdout, stderr} = await runInProcess(['metadata', 'audit', '-o', 'json'], {env: here.env})
    const {result, subjects} = JSON.parse(stdout)
    expect({code, result}).toEqual({code: 5, result: 'not_compliant'})
    expect(subjects.length).toBeGreaterThan(9)
    expect(stderr).toMatch(/Warning: vpcmd can't tell which instances await a restart: .*others can write to/)
  })
})

describe('a cache', () => {
  const list = (...more: string[]) => runInProcess(['instances', 'list', '-q', ...more], {env: here.env})

  it('that others can write to is neither read nor written, and nothing else changes', async () => {
    expect((await list()).code).toBe(0)
    // From Node 22.8 on, compiled code lies beside the token, the regions and the names for completion.
    expect([tokens(), readdirSync(cache()).filter(name => name !== 'compiled').length]).toEqual([1, 3])
    await list()
    expect(tokens()).toBe(1)
    chmodSync(cache(), 0o777)
    const {code, stdout, stderr} = await list()
    expect({code, lines: stdout.trim().split('\n').length, stderr}).toEqual({code: 0, lines: 9, stderr: ''})
    expect(tokens()).toBe(2)
    expect((await list('--debug')).stderr).toMatch(/debug: the cache is not used: others can write to .*chmod go-w/)
  })

  it('file that others can write to is not believed, and is replaced', async () => {
    await list()
    const [token = ''] = readdirSync(cache()).filter(name => name.startsWith('token'))
    chmodSync(cache(token), 0o666)
    const {code, stderr} = await list('--debug')
    expect({code, stderr}).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/kept token could not be read \(EPERM\)/),
    })
    expect(tokens()).toBe(2)
    await list()
    expect(tokens()).toBe(2)
  })

  it('is not put into the current folder by a relative path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vpcmd-here-'))
    onTestFinished(() => rmSync(folder, {recursive: true}))
    Object.assign(here.env, {XDG_CACHE_HOME: 'cache', XDG_STATE_HOME: 'state'})
    const {code} = await runShell(`cd '${folder}' && vpcmd metadata enable ${id}`, here.env)
    expect(code).toBe(0)
    expect(readdirSync(folder)).toEqual([])
    expect(existsSync(join(here.env.HOME ?? '', '.local', 'state', 'vpcmd', 'runs'))).toBe(true)
  })
})
