import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type OddCloud, type Oddity, startOddCloud} from '../support/odd-cloud.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(20, 'Some start a program in place of ibmcloud.')

let sandbox: Sandbox
let odd: OddCloud | undefined
beforeEach(async () => {
  sandbox = await startSandbox({account: 'a1234567', regions: ['us-south', 'eu-de']})
})
afterEach(async () => {
  await odd?.close()
  odd = undefined
  await sandbox.close()
})

/** A token as the sandbox's IAM gives it. */
async function newToken(): Promise<string> {
  const answer = await fetch(`${sandbox.environment.VPC_AUTH_URL}/identity/token`, {
    method: 'POST',
    body: new URLSearchParams({grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey: sandbox.apiKey}),
  })
  return String(Object(await answer.json()).access_token)
}

/** What reads like a token with other claims, of which no cloud is asked. */
function forged(token: string, claims: object): string {
  const [head = '', body = '', signature = ''] = token.split('.')
  const all = {...JSON.parse(Buffer.from(body, 'base64url').toString()), ...claims}
  return [head, Buffer.from(JSON.stringify(all)).toString('base64url'), signature].join('.')
}

const soon = (seconds: number) => ({exp: Math.floor(Date.now() / 1000) + seconds})

interface User {
  env: Record<string, string>
  folder: string
  file: string
  calls(): string[]
  vpcmd(line: string): ReturnType<typeof runInProcess>
}

/** Somebody who has run `ibmcloud login`, and has the given script as ibmcloud. */
function signedIn(token: string, config: object = {}, script?: string, more: Record<string, string> = {}): User {
  const {VPC_URL = '', VPC_AUTH_URL = ''} = sandbox.environment
  const env = freshEnvironment({VPC_URL, VPC_AUTH_URL, ...more})
  const home = env.HOME ?? ''
  const folder = join(home, '.ibmcloud')
  const file = join(folder, 'config.json')
  const log = join(home, 'calls')
  mkdirSync(folder, {mode: 0o700})
  const account = {GUID: 'a1234567', Name: 'My account'}
  const whole = {IAMToken: `Bearer ${token}`, IAMEndpoint: VPC_AUTH_URL, Region: 'eu-de', Account: account, ...config}
  writeFileSync(file, JSON.stringify(whole), {mode: 0o600})
  if (script !== undefined) {
    mkdirSync(join(home, 'bin'))
    writeFileSync(join(home, 'bin', 'ibmcloud'), `#!/bin/sh\necho "$*" >> ${log}\n${script}\n`, {mode: 0o755})
    env.PATH = `${join(home, 'bin')}:${env.PATH}`
  } else env.PATH = home
  const calls = () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [])
  return {env, folder, file, calls, vpcmd: line => runInProcess(line.split(' '), {env})}
}

const printing = (token: string) => `echo '{"iam_token": "Bearer ${token}"}'`

async function oddly(oddity: Oddity): Promise<Record<string, string>> {
  odd = await startOddCloud(sandbox, oddity)
  return {VPC_URL: odd.environment.VPC_URL ?? ''}
}

describe('vpcmd whoami', () => {
  it('shows who is signed in to ibmcloud and why that is used, without a key', async () => {
    const token = await newToken()
    const user = signedIn(token)
    const before = readFileSync(user.file, 'utf8')
    const {code, stdout, stderr} = await user.vpcmd('whoami --json')
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(JSON.parse(stdout)).toMatchObject({
      source: `ibmcloud (${user.file})`,
      why: 'there is no --api-key-file, IBMCLOUD_API_KEY, IC_API_KEY or VPC_* settings',
      account: {id: 'a1234567', name: 'My account'},
      identity: {iam_id: 'IBMid-0000SANDBOX', name: 'Test User', email: 'test.user@example.com'},
      profile: null,
      may: [
        {what: 'list regions', allowed: 'yes'},
        {what: 'list instances', region: 'eu-de', allowed: 'yes'},
        {what: 'change instances', allowed: 'unknown'},
      ],
    })
    expect(stdout).not.toContain(token)
    expect(readFileSync(user.file, 'utf8')).toBe(before)
    expect(user.calls()).toEqual([])
  })

  it('says what a key in the environment wins over', async () => {
    const user = signedIn(await newToken(), {}, undefined, {IBMCLOUD_API_KEY: sandbox.apiKey, IC_API_KEY: 'other'})
    const {stdout} = await user.vpcmd('whoami')
    expect(stdout).toMatch(/^Source +IBMCLOUD_API_KEY$/m)
    expect(stdout).toMatch(/^Why +there is no --api-key-file; it comes before IC_API_KEY$/m)
    expect(stdout).not.toContain('My account')
  })

  it('never calls a right missing that only could not be asked for', async () => {
    const refusal = (status: number) => ({status, body: {errors: [{code: 'not_authorized', message: 'No.'}]}})
    const answering = (status: number): Oddity => ({
      answer: ({url}) => (url.pathname.endsWith('/instances') ? refusal(status) : undefined),
    })
    const allowed = async (status: number) => {
      const user = signedIn(await newToken(), {}, undefined, await oddly(answering(status)))
      const {code, stdout} = await user.vpcmd('whoami --json')
      return {code, allowed: JSON.parse(stdout).may[1].allowed}
    }
    expect(await allowed(403)).toEqual({code: 0, allowed: 'no'})
    await odd?.close()
    expect(await allowed(400)).toEqual({code: 1, allowed: 'unknown'})
  })

  it.each(['whoami', 'whoami --json'])('exits 3 without credentials: %s', async line => {
    expect((await signedIn('', {IAMToken: ''}).vpcmd(line)).code).toBe(3)
  })
})

describe('the login of ibmcloud', () => {
  it('is renewed by ibmcloud once less than two minutes are left, and by nobody else', async () => {
    const token = await newToken()
    const user = signedIn(forged(token, soon(110)), {}, printing(token))
    expect((await user.vpcmd('instances list -q')).code).toBe(0)
    expect(user.calls()).toEqual(['iam oauth-tokens --output JSON'])
    const fresh = signedIn(token, {}, printing(token))
    expect((await fresh.vpcmd('instances list -q')).code).toBe(0)
    expect(fresh.calls()).toEqual([])
    expect(existsSync(join(user.env.XDG_CACHE_HOME ?? '', 'vpcmd'))).toBe(true)
    const kept = readdirSync(join(user.env.XDG_CACHE_HOME ?? '', 'vpcmd'))
    expect(kept.filter(name => name.startsWith('token-'))).toEqual([])
  })

  it.each([
    ['fails', "echo FAILED >&2; echo 'Not logged in.' >&2; exit 1", 'failed (1): Not logged in.'],
    ['prints no JSON', 'echo IAM token: Bearer x', 'printed no token that vpcmd can read'],
    ['prints no token', 'echo \'{"iam_token": 5}\'', 'printed no token that vpcmd can read'],
    ['is missing', undefined, 'no ibmcloud is on PATH'],
  ])('that ends needs ibmcloud login where ibmcloud %s', async (_what, script, words) => {
    const user = signedIn(forged(await newToken(), soon(60)), {}, script)
    const {code, stdout, stderr} = await user.vpcmd('whoami')
    expect({code, stdout}).toEqual({code: 3, stdout: ''})
    expect(stderr).toContain(words)
    expect(stderr).toContain('Run: ibmcloud login.')
  })

  it.each([{account: {bss: 'other'}}, {iam_id: 'IBMid-other'}])('is not taken for that of %o', async claims => {
    const token = await newToken()
    const user = signedIn(forged(token, soon(60)), {}, printing(forged(token, claims)))
    const {code, stderr} = await user.vpcmd('instances list')
    expect(code).toBe(3)
    expect(stderr).toContain('ibmcloud is now signed in as')
  })

  it.each([
    ['another cloud', {IAMEndpoint: 'https://iam.test.cloud.ibm.com'}],
    ['a look-alike', {IAMEndpoint: 'https://iam.cloud.ibm.com.evil.test'}],
    ['plain http', {IAMEndpoint: 'http://iam.cloud.ibm.com'}],
    ['no URL', {IAMEndpoint: 'nowhere'}],
    ['IBM Cloud, where VPC_URL is elsewhere', {IAMEndpoint: 'https://iam.cloud.ibm.com'}],
  ])('is sent nowhere when it is of %s', async (_what, config) => {
    const own: Record<string, string> = config.IAMEndpoint === 'https://iam.cloud.ibm.com' ? {VPC_AUTH_URL: ''} : {}
    const {code, stderr} = await signedIn(await newToken(), config, undefined, own).vpcmd('whoami')
    expect(code).toBe(2)
    expect(stderr).toContain('The login of ibmcloud is not used, because of its IAM endpoint')
  })

  it.each(['folder', 'file'] as const)('is not used where others can write to the %s', async which => {
    const user = signedIn(await newToken())
    chmodSync(user[which], 0o777)
    const {code, stderr} = await user.vpcmd('whoami')
    expect(code).toBe(3)
    expect(stderr).toContain(`others can write to ${user[which]}`)
  })

  it.each([
    ['half written', '{"IAMToken": "Bea'],
    ['too large', `{"x": "${'x'.repeat(5 * 1024 * 1024)}"}`],
    ['with no token that can be read', '{"IAMToken": "Bearer \u001b[31mx"}'],
  ])('of a file %s is an error that shows nothing of it', async (_what, text) => {
    const user = signedIn(await newToken())
    writeFileSync(user.file, text)
    const {code, stderr} = await user.vpcmd('whoami')
    expect(code).toBe(3)
    expect(stderr).toContain(user.file)
    expect(stderr).not.toContain('[31m')
  })
})
