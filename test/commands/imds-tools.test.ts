import {createPrivateKey, X509Certificate} from 'node:crypto'
import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest'
import {parse} from 'yaml'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type InsideSandbox, patience, startInsideSandbox, userData} from '../support/inside-sandbox.ts'
import {json, serve, tokenWith} from '../support/metadata-server.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell, runVpcmd} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-imds-'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))

let inside: InsideSandbox
let id: InsideSandbox['id']
let url: InsideSandbox['url']
let at: InsideSandbox['at']
let off: InsideSandbox['off']
beforeAll(async () => {
  inside = await startInsideSandbox()
  ;({id, url, at, off} = inside)
})
afterAll(() => inside.sandbox.close())

const imds = (...args: string[]) => runInProcess(['imds', ...args])

describe('imds certificate', () => {
  it('with a new key comes with a key of its own, for the user alone', async () => {
    const key = join(folder, 'new.key')
    const {code, stdout, stderr} = await imds('certificate', ...at, '--new-key', key)
    expect({code, stderr}).toEqual({code: 0, stderr: `The key is in ${key}.\n`})
    expect(statSync(key).mode & 0o777).toBe(0o600)
    const certificate = new X509Certificate(stdout)
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(key)))).toBe(true)
    expect(certificate.subject).toContain(id)
    expect(stdout.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(1)
  })

  it('replaces no key unasked, and asks for nothing then', async () => {
    const key = join(folder, 'taken.key')
    writeFileSync(key, 'mine')
    const refused = await imds('certificate', ...off, '--new-key', key)
    expect(refused).toMatchObject({code: 2, stdout: '', stderr: expect.stringContaining('--force')})
    expect(readFileSync(key, 'utf8')).toBe('mine')
    const forced = await imds('certificate', ...at, '--new-key', key, '--force', '--json')
    expect(forced.code).toBe(0)
    expect(statSync(key).mode & 0o777).toBe(0o600)
    const [own] = JSON.parse(forced.stdout).certificates
    expect(new X509Certificate(own).checkPrivateKey(createPrivateKey(readFileSync(key)))).toBe(true)
  })

  it('replaces no key for a certificate that can not be read, or is for another key', async () => {
    const key = join(folder, 'working.key')
    await imds('certificate', ...at, '--new-key', key)
    const before = readFileSync(key, 'utf8')
    const other = join(folder, 'other.key')
    const {stdout: foreign} = await imds('certificate', ...at, '--new-key', other)
    const garbage = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    for (const certificate of [garbage, foreign.slice(0, foreign.indexOf('-----END CERTIFICATE-----') + 26)]) {
      const server = await serve(({url}, response) => {
        if (!url.includes('/certificates')) return false
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({certificates: [certificate]}))
        return true
      })
      const {code, stdout, stderr} = await imds('certificate', '--endpoint', server.url, '--new-key', key, '--force')
      await server.close()
      expect({code, stdout}).toEqual({code: 1, stdout: ''})
      expect(stderr).toContain(
        'No certificate: what the metadata service issued can not be read, or is for another key',
      )
      expect(readFileSync(key, 'utf8')).toBe(before)
    }
  })

  it('leaves no key behind when there is no certificate', async () => {
    const key = join(folder, 'never.key')
    expect(await imds('certificate', ...off, '--new-key', key)).toMatchObject({code: 1, stdout: ''})
    expect(() => statSync(key)).toThrow('ENOENT')
  })

  it('of a request of the user, which has to be one', async () => {
    const text = join(folder, 'no.csr')
    writeFileSync(text, 'not a request')
    expect(await imds('certificate', ...at, '--csr', text)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no certificate signing request'),
    })
    expect(await imds('certificate', ...at)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Pass either --csr or --new-key.'),
    })
  })
})

describe('imds decode', () => {
  it('tells who, where and until when', async () => {
    const {code, stdout} = await imds('decode', ...at)
    expect(code).toBe(0)
    expect(stdout).toContain(id)
    expect(stdout).toMatch(/^Zone +us-south-1$/m)
    expect(stdout).toMatch(/^Valid until +\d{4}-\d\d-\d\dT[\d:]+Z \(in [45] minutes\)$/m)
    expect(stdout).not.toMatch(/eyJ/)
  })

  it.each(['', '--json'])('reads standard input, also the whole answer (%s)', async format => {
    const line = `vpcmd imds iam-token ${at.join(' ')} ${format} | vpcmd imds decode - --json`
    const {code, stdout} = await runShell(line)
    expect({code, iam_id: JSON.parse(stdout).iam_id}).toEqual({code: 0, iam_id: expect.stringMatching(/^iam-Profile-/)})
  })

  it('of claims that are no texts leaves them out', async () => {
    const {code, stdout} = await runInProcess(['imds', 'decode', '-'], {
      stdin: tokenWith({iss: 'somebody', aud: [{toString: 1}, 'me', ['you']]}),
    })
    expect({code, stdout}).toEqual({code: 0, stdout: expect.stringMatching(/^Issued for +me$/m)})
  })

  it.each(['', 'secret-text', 'a.b.c', 'a.bnVsbA.c'])('of %j, which is no token, does not repeat it', async text => {
    const {code, stdout, stderr} = await runInProcess(['imds', 'decode', '-'], {stdin: text})
    expect({code, stdout}).toEqual({code: 1, stdout: ''})
    expect(stderr).toContain('This is not a token')
    expect(stderr).not.toContain('secret-text')
  })
})

describe('imds doctor', () => {
  it('is exit code 0 when all is well, and 1 when not', async () => {
    const well = await imds('doctor', ...at, '--json')
    expect({code: well.code, ok: JSON.parse(well.stdout).ok}).toEqual({code: 0, ok: true})
    const ill = await imds('doctor', ...off, '--json')
    expect({code: ill.code, ok: JSON.parse(ill.stdout).ok}).toEqual({code: 1, ok: false})
    const text = await imds('doctor', ...off)
    expect(text).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/PROBLEM: [\s\S]*Fix: .*vpcmd metadata enable/),
    })
  })
})

describe('imds script', () => {
  it('runs as it is printed, over ssh or here', async () => {
    const {code, stdout} = await runShell(`vpcmd imds script --endpoint ${url} --path instance --path keys | sh`)
    expect({code, names: Object.keys(JSON.parse(stdout))}).toEqual({code: 0, names: ['instance', 'keys']})
  })

  it('wraps itself for cloud-init', async () => {
    const {code, stdout} = await imds('script', '--user-data', '--cloud-init')
    expect({code, keys: Object.keys(parse(stdout))}).toEqual({code: 0, keys: ['write_files', 'runcmd']})
    expect(await imds('script', '--cloud-init', '--shell', 'powershell')).toMatchObject({code: 2})
  })

  it.each([
    [['--path', "'; touch x; '"], /is not a path/],
    [['--path', '$(id)'], /is not a path/],
    [['--endpoint', "http://a';id;'"], /--endpoint/],
    [['--shell', 'cmd'], /--shell/],
  ])('%j goes into no script', async (args, says) => {
    expect(await imds('script', ...args)).toMatchObject({code: 2, stdout: '', stderr: expect.stringMatching(says)})
  })
})

describe('secrets', () => {
  it('are in no debug output, also where the service repeats them', async () => {
    const server = await serve(({method, headers}, response) => {
      if (method === 'PUT') json(response, 200, {access_token: 'opaque-token-1234567890'})
      else json(response, 400, {errors: [{code: 'odd', message: `Bad ${headers.authorization}`}], trace: 't'})
      return true
    })
    onTestFinished(() => server.close())
    for (const more of [[], ['--debug'], ['--json'], ['--json', '--debug']]) {
      const {code, stdout, stderr} = await imds('user-data', '--endpoint', server.url, ...patience, ...more)
      expect(code).toBe(1)
      expect(stdout + stderr).toContain('Bad Bearer [token]')
      expect(stdout + stderr).not.toContain('opaque-token')
    }
  })

  it('do not come with --debug, which tells of each request', async () => {
    const {code, stderr} = await imds('iam-token', ...at, '--debug')
    expect(code).toBe(0)
    expect(stderr).toMatch(/^PUT .*\/identity\/v1\/token\?version=[\d-]+ -> 200 in \d+ ms$/m)
    expect(stderr).toMatch(/^POST .*\/identity\/v1\/iam_tokens/m)
    expect(stderr).not.toMatch(/eyJ/)
  })

  it('go to no proxy', async () => {
    const proxy = await serve(() => false)
    onTestFinished(() => proxy.close())
    const env = freshEnvironment({
      HTTP_PROXY: proxy.url,
      http_proxy: proxy.url,
      ALL_PROXY: proxy.url,
      NODE_USE_ENV_PROXY: '1',
    })
    expect(await runVpcmd(['imds', 'user-data', ...at], {env})).toMatchObject({code: 0, stdout: userData})
    expect(proxy.seen).toEqual([])
  })
})
