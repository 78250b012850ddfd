import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {transform} from 'esbuild'
import {afterAll, describe, expect, it} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {freshEnvironment, runFile, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-surroundings-'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))

/** Runs vpcmd in a process that has run some lines of JavaScript before. */
function runAfter(script: string, args: string[]) {
  const file = join(mkdtempSync(join(folder, 'script-')), 'before.cjs')
  writeFileSync(file, script)
  return runFile(process.execPath, ['-r', file, vpcmdPath, ...args], freshEnvironment(), '')
}

describe('a Node that is too old', () => {
  it.each([
    ['12.22.12', 'vpcmd needs Node.js 20.17 or later, and this is v12.22.12'],
    ['16.20.0', 'vpcmd needs Node.js 20.17 or later, and this is v16.20.0'],
    ['20.16.0', 'vpcmd needs Node.js 20.17 or later, and this is v20.16.0'],
    ['22.2.0', 'vpcmd needs Node.js 22.3 or later, or a late 20, and this is v22.2.0'],
  ])('such as %s gets one sentence', async (version, says) => {
    const old = `Object.defineProperty(process, 'versions', {value: {...process.versions, node: '${version}'}})
      delete process.getBuiltinModule`
    const {code, stdout, stderr} = await runAfter(old, ['instances', 'list', '--sandbox'])
    expect({code, stdout}).toEqual({code: 1, stdout: ''})
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(says)])
  })

  it('can read the file that says it', async () => {
    const source = readFileSync(vpcmdPath, 'utf8')
    // Throws for what can't be said in an older syntax, such as an await at the top, and rewrites what can.
    const writtenFor = async (target: string) => (await transform(source, {target, format: 'esm'})).code
    expect(await writtenFor('node12.20')).toBe(await writtenFor('esnext'))
    // Nor does it need a module that an old Node has not got.
    expect(source).not.toMatch(/^\s*import\b\s*[^(\s]|[;}]\s*import\b\s*[^(.\s]|\bfrom\s*["']/m)
  })
})

describe('what lies in folders of the user', () => {
  it.each([
    ['~/.local/share', (home: string) => [join(home, '.local', 'share', 'vpcmd'), {}] as const],
    ['XDG_DATA_HOME', (home: string) => [join(home, 'data', 'vpcmd'), {XDG_DATA_HOME: join(home, 'data')}] as const],
    ['VPCMD_DATA_DIR', (home: string) => [join(home, 'mine'), {VPCMD_DATA_DIR: join(home, 'mine')}] as const],
  ])('is not run as a plugin: %s', async (_name, placeIn) => {
    const env = freshEnvironment({NODE_ENV: 'development', VPCMD_DEBUG: '1'})
    const [data, more] = placeIn(env.HOME ?? '')
    const ran = join(env.HOME ?? '', 'ran')
    const plugin = join(data, 'node_modules', 'intruder')
    mkdirSync(join(plugin, 'commands'), {recursive: true})
    const hooks = {init: './hook.js', prerun: './hook.js'}
    const root = {name: 'intruder', version: '1.0.0', oclif: {commands: './commands', hooks}}
    writeFileSync(join(plugin, 'package.json'), JSON.stringify(root))
    const leaveTrace = `require('fs').writeFileSync(${JSON.stringify(ran)}, '')\n`
    writeFileSync(join(plugin, 'hook.js'), `${leaveTrace}module.exports = async () => {}\n`)
    writeFileSync(join(plugin, 'commands', 'intrude.js'), leaveTrace)
    const plugins = [
      {type: 'user', name: 'intruder', tag: 'latest'},
      {type: 'link', name: 'intruder', root: plugin},
    ]
    const dependencies = {intruder: '1.0.0'}
    writeFileSync(
      join(data, 'package.json'),
      JSON.stringify({name: 'vpcmd', dependencies, oclif: {schema: 1, plugins}}),
    )
    const inEnv = {env: {...env, ...more}}
    expect(await runVpcmd(['instances', 'list', '--sandbox', '-q'], inEnv)).toMatchObject({code: 0})
    // Narrower than what the build has drawn: the framework draws it.
    const help = await runVpcmd(['-h'], inEnv)
    expect(help.stdout).not.toContain('intru')
    const unknown = await runVpcmd(['intrude'], inEnv)
    expect(unknown).toMatchObject({code: 2, stderr: expect.stringContaining('Unknown command: vpcmd intrude.')})
    expect(() => readFileSync(ran)).toThrow(/ENOENT/)
  })
})

it('no part of vpcmd itself runs at a hook, or is a plugin', () => {
  const {oclif} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  for (const name of ['hooks', 'plugins', 'devPlugins', 'jitPlugins', 'additionalHelpFlags']) {
    expect(oclif).not.toHaveProperty(name)
  }
})

describe('variables for those who debug libraries', () => {
  it.each([
    ['DEBUG', '*'],
    ['NODE_DEBUG', 'axios'],
    ['NODE_DEBUG', 'http,https,net,tls,stream'],
    ['VPCMD_DEBUG', '1'],
  ])('%s=%s prints no key and no token', async (name, value) => {
    const env = freshEnvironment({[name]: value})
    const {code, stdout, stderr} = await runVpcmd(['instances', 'list', '--sandbox', '-q', '--debug'], {env})
    expect(code).toBe(0)
    expect(stdout).not.toBe('')
    expect(stderr).toContain('debug: ')
    expect(stderr).not.toMatch(/eyJ|sandbox-api-key|[Bb]earer/)
  })
})

describe('what nobody caught', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'
  const message = JSON.stringify(`boom \x1b[31m\u202e${token}`)

  it.each([
    ['an exception', `throw new TypeError(${message})`],
    ['a rejection', `Promise.reject(new TypeError(${message}))`],
    ['a rejection that is no error', `Promise.reject(${message})`],
  ])('%s is reported as a bug, once, with what to do', async (_what, thrown) => {
    const script = `setTimeout(() => { setTimeout(() => {throw new Error('second')}); ${thrown} }, 500)`
    const {code, stderr} = await runAfter(script, ['sandbox', 'start', '--debug'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/Error: Unexpected error: boom \[token\]\. This is a bug in vpcmd\./)
    expect(stderr).toMatch(/vpcmd metadata history.*vpcmd --version.*--debug/)
    expect(stderr.match(/This is a bug/g)).toHaveLength(1)
    expect(stderr).not.toMatch(/eyJ|[\x00-\x09\x0b-\x1f\u202e]/)
  })

  it('is JSON where JSON was asked for', async () => {
    const script =
      'const begin = setInterval(() => process.listenerCount("uncaughtException") && clearInterval(begin) === undefined && JSON.parse("boom"), 1)'
    const {code, stdout} = await runAfter(script, ['instances', 'list', '--sandbox', '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'unexpected', message: expect.stringContaining('JSON')}})
  })
})
