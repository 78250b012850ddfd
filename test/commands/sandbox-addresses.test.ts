import {type ChildProcess, spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {ask, requestIdentity} from '../sandbox/metadata-client.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runVpcmd, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const serverTwo = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
const env = freshEnvironment()
const caFile = join(env.HOME ?? '', 'ca.pem')
let sandbox: ChildProcess
let exported: Record<string, string>
beforeAll(async () => {
  const args = ['sandbox', 'start', '--metadata-off', 'reset', '--metadata-ca', caFile]
  sandbox = spawn(process.execPath, [vpcmdPath, ...args, '--metadata', 'jp-tok/web-1=127.0.0.1:0'], {env})
  const lines = await new Promise<string>(resolve => {
    let text = ''
    sandbox.stdout?.on('data', chunk => {
      text += chunk
      if (text.includes('SANDBOX_CA')) resolve(text)
    })
  })
  exported = Object.fromEntries([...lines.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]))
})
afterAll(() => {
  sandbox.kill()
})

const addresses = (...args: string[]) => runInProcess(['sandbox', 'addresses', ...args], {env: {...env, ...exported}})

describe('sandbox addresses', () => {
  it('finds the sandbox by VPC_URL, and tells where each instance is, as a table', async () => {
    const {code, stdout} = await addresses()
    expect(code).toBe(0)
    const [header, ...rows] = stdout.trimEnd().split('\n')
    expect(header?.split(/ {2,}/)).toEqual(['Instance', 'ID', 'Region', 'Metadata', 'Address', 'CA file'])
    expect(rows).toHaveLength(9)
    expect(stdout).toMatch(/^my-virtual-server-2 +0727_ed\S+ +us-south +off +http:\/\/127\.0\.0\.1:\d+ +-$/m)
    expect(stdout).toMatch(/^web-1 +\S+ +eu-de +https +https:\/\/127\.0\.0\.1:\d+ +\S+ca\.pem$/m)
  })

  it('and in every other format', async () => {
    const json = JSON.parse((await addresses(serverTwo, '--json')).stdout)
    expect(json).toEqual([
      {
        id: serverTwo,
        name: 'my-virtual-server-2',
        region: 'us-south',
        enabled: false,
        protocol: 'http',
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
        ca_file: caFile,
      },
    ])
    expect(JSON.parse((await addresses(serverTwo, '-o', 'jsonl')).stdout)).toEqual(json[0])
    expect((await addresses(serverTwo, '-o', 'yaml')).stdout).toContain(`url: ${json[0].url}`)
    expect((await addresses(serverTwo, '-o', 'csv')).stdout).toContain(`us-south,off,${json[0].url},\n`)
    expect((await addresses('-q', serverTwo, 'web-2')).stdout).toMatch(/^0727_ed\S+\n\S+\n$/)
  })

  it('leads to a service that follows metadata enable', async () => {
    const address = async () => JSON.parse((await addresses(serverTwo, '--json')).stdout)[0]
    const before = await address()
    await expect(requestIdentity(before)).rejects.toMatchObject({code: 'ECONNRESET'})
    const enable = await runInProcess(['metadata', 'enable', serverTwo, '--protocol', 'https', '--yes'], {
      env: {...env, ...exported},
    })
    expect(enable.code).toBe(0)
    const after = await address()
    expect(after).toMatchObject({enabled: true, protocol: 'https', url: before.url.replace('http:', 'https:')})
    expect((await requestIdentity(after)).status).toBe(200)
    expect((await ask(after, '/metadata/v1/instance?version=2025-08-26')).status).toBe(400)
  })

  it.each([
    [['nothing'], 4, /has no instance nothing/],
    [['web-1'], 4, /2 instances web-1: eu-de\/web-1, jp-tok\/web-1/],
    [['--url', 'https://us-south.iaas.cloud.ibm.com/v1'], 2, /is not the URL of a sandbox/],
    [['--url', 'http://127.0.0.1:9/v1'], 1, /No sandbox answers/],
    [['--url', 'nonsense'], 2, /is not the URL of a sandbox/],
  ])('%j is an error', async (args, code, message) => {
    const result = await addresses(...args)
    expect({code: result.code, stdout: result.stdout}).toEqual({code, stdout: ''})
    expect(result.stderr).toMatch(message)
    const json = await addresses(...args, '--json')
    expect(json.code).toBe(code)
    expect(JSON.parse(json.stdout).error.message).toMatch(message)
  })

  it('says what to do where no sandbox is named', async () => {
    const {code, stderr} = await runInProcess(['sandbox', 'addresses'], {env})
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('vpcmd sandbox start')})
  })
})

describe('sandbox start', () => {
  it('writes the CA where it was asked to', () => {
    expect(exported.SANDBOX_CA).toBe(caFile)
    expect(existsSync(caFile)).toBe(true)
  })

  it.each([
    [['--metadata', 'web-2'], /--metadata takes INSTANCE=HOST:PORT/],
    [['--metadata', 'web-2=127.0.0.1:70000'], /--metadata takes INSTANCE=HOST:PORT/],
    [['--metadata', 'nothing=127.0.0.1:0'], /has no instance nothing/],
    [['--metadata', 'web-2=127.0.0.1:0', '--metadata', 'nothing=127.0.0.1:0'], /has no instance nothing/],
    [['--metadata-off', 'never'], /--metadata-off/],
    [['--metadata-ca', '/nonexistent/ca.pem'], /Can't write .*: there is no folder \/nonexistent/],
  ])('%j is a usage error', async (args, message) => {
    const {code, stderr} = await runInProcess(['sandbox', 'start', ...args], {env})
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringMatching(message)})
  })
})

it('commands on the sandbox that need no metadata service load nothing of it', async () => {
  // The library for certificates leaves its mark in the process.
  const watch = 'process.on("exit",()=>process.stderr.write("metadata: "+typeof Reflect.getMetadata))'
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(watch)}`
  const {code, stderr} = await runVpcmd(['instances', 'list', '--sandbox'], {env: {...env, NODE_OPTIONS}})
  expect({code, stderr}).toEqual({code: 0, stderr: expect.stringMatching(/metadata: undefined$/)})
})
