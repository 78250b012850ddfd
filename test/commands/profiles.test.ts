import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import type {AddressInfo} from 'node:net'
import {dirname, join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {findComputeResource} from '../../src/cloud/compute-resource.ts'
import {findCredentials} from '../../src/cloud/credentials.ts'
import {configFile} from '../../src/files/user-folders.ts'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {startInsideSandbox} from '../support/inside-sandbox.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567', accounts: 3, regions: ['us-south', 'eu-de']})
})
afterAll(() => sandbox.close())

/** Somebody with a config file, and nothing that signs in but what is given. */
function userWith(config: string, more: Record<string, string> = {}) {
  const {VPC_URL, VPC_AUTH_URL, ENTERPRISE_MANAGEMENT_URL} = sandbox.environment
  const env = freshEnvironment({VPC_URL, VPC_AUTH_URL, ENTERPRISE_MANAGEMENT_URL, ...more})
  const file = configFile(env) ?? ''
  mkdirSync(dirname(file), {recursive: true, mode: 0o700})
  writeFileSync(file, config, {mode: 0o600})
  return {env, file, vpcmd: (line: string, extra = {}) => runInProcess(line.split(' '), {env: {...env, ...extra}})}
}

const profiles = `# mine
profiles:
  key: {credentials: {key_file: ~/key}, regions: [eu-de], output: json}
  variable: {credentials: {key_variable: MY_KEY}, account: a1234567}
  all:
    credentials: {key_variable: MY_KEY}
    assume: vpcmd-auditor
    account: all
  login: {credentials: ibmcloud}
`

const withKey = () => ({MY_KEY: sandbox.apiKey})

describe('a profile', () => {
  it('says who vpcmd is and where it works, and beats the environment', async () => {
    const user = userWith(profiles, {IBMCLOUD_API_KEY: 'of-another', IBMCLOUD_REGION: 'us-south'})
    writeFileSync(join(user.env.HOME ?? '', 'key'), `${sandbox.apiKey}\n`, {mode: 0o600})
    const {code, stdout, stderr} = await user.vpcmd('instances list --profile key')
    expect(code).toBe(0)
    expect(new Set(JSON.parse(stdout).map((row: {region: string}) => row.region))).toEqual(new Set(['eu-de']))
    expect(stderr).toContain('Only in eu-de, as profile key says')
    const who = await user.vpcmd('whoami --profile variable', withKey())
    expect(who.stdout).toMatch(/^Source +profile variable \(MY_KEY\)$/m)
    expect(who.stdout).toMatch(/comes before IBMCLOUD_API_KEY/)
  })

  it('names a key beside the config file, and not one of the current folder', async () => {
    const user = userWith('profiles:\n  key: {credentials: {key_file: key}}\n')
    const {stderr} = await user.vpcmd('whoami --profile key')
    expect(stderr).toContain(`No API key from ${join(dirname(user.file), 'key')}: there is no such file`)
    writeFileSync(join(dirname(user.file), 'key'), `${sandbox.apiKey}\n`, {mode: 0o600})
    expect((await user.vpcmd('whoami --profile key')).code).toBe(0)
  })

  it('assumes a trusted profile in all of its accounts, which flags can narrow', async () => {
    const user = userWith(profiles, withKey())
    const accounts = async (line: string) => {
      const rows: {account_name: string; account: string}[] = JSON.parse((await user.vpcmd(`${line} --json`)).stdout)
      return [...new Set(rows.map(({account_name: name, account}) => name ?? account))].sort()
    }
    expect(await accounts('instances list --profile all')).toEqual(['acme', 'team-a', 'team-b'])
    expect(await accounts('instances list --profile all --account a1234567')).toEqual(['a1234567'])
    expect((await user.vpcmd('instances list --profile all')).stdout).toMatch(/^Name +ID +Account /)
  })

  it('is used where none is named once it is chosen, and the variable beats that', async () => {
    const user = userWith(profiles, withKey())
    expect((await user.vpcmd('profiles use variable')).stderr).toBe(`Using profile variable, as ${user.file} says.\n`)
    expect(readFileSync(user.file, 'utf8')).toMatch(/^# mine\n[\s\S]*^profile: variable$/m)
    expect((await user.vpcmd('whoami')).stdout).toContain('profile variable')
    const other = await user.vpcmd('whoami --json', {VPCMD_PROFILE: 'all'})
    expect(JSON.parse(other.stdout)).toMatchObject({
      source: 'profile all (MY_KEY)',
      assumes: {profile: 'vpcmd-auditor'},
    })
    const {stdout} = await user.vpcmd('profiles list')
    expect(stdout).toMatch(/^variable +yes +API key in the variable MY_KEY/m)
    expect((await user.vpcmd('profiles show')).stdout).toMatch(/^Profile +variable$/m)
    await user.vpcmd('config unset profile')
    expect((await user.vpcmd('profiles show')).code).toBe(4)
  })

  it('is never that of a sandbox, and --profile says so', async () => {
    const user = userWith(`profile: all\n${profiles}`)
    expect((await user.vpcmd('instances list --sandbox -r us-south')).code).toBe(0)
    const {code, stderr} = await user.vpcmd('instances list --sandbox --profile all')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('the sandbox takes none')})
  })

  it('leaves an undo of a run in one account alone', async () => {
    const user = userWith(profiles, withKey())
    await user.vpcmd('metadata enable my-virtual-server-1 --profile variable')
    const {code, stderr} = await user.vpcmd('metadata undo --yes --profile all')
    expect({code, stderr}).toEqual({code: 0, stderr: expect.stringContaining('1 changed')})
  })

  it.each([
    ['whoami --profile kee', 2, 'There is no profile kee (from --profile). Did you mean key?'],
    ['whoami --profile variable', 3, 'takes the API key of MY_KEY, which is not set'],
    ['whoami --profile login', 3, 'nobody is signed in'],
    ['profiles show nosuch', 2, 'There are: key, variable, all, login.'],
    ['profiles use nosuch', 2, 'There is no profile nosuch'],
  ])('%s: exit %d, %s', async (line, exit, why) => {
    const {code, stdout, stderr} = await userWith(profiles).vpcmd(line)
    expect({code, stdout, stderr}).toEqual({code: exit, stdout: '', stderr: expect.stringContaining(why)})
  })

  it.each([
    ['{credentials: my-secret-key}', 'never a key itself'],
    ['{credentials: {key_file: a, key_variable: B}}', 'never a key itself'],
    ['{asume: x}', 'there is no asume in a profile'],
    ['{assume: [a]}', 'assume: must be the name, ID or CRN'],
    ['{output: xml}', 'output: must be one of'],
    ['nothing', 'must have keys'],
  ])('that is %s is refused with its line, and no secret', async (written, why) => {
    const {code, stderr} = await userWith(`profiles:\n  one: ${written}\n`).vpcmd('profiles list')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('config.yaml:2: profile one: ')})
    expect(stderr).toContain(why)
    expect(stderr).not.toContain('my-secret-key')
  })
})

describe('the compute resource that vpcmd runs on', () => {
  it('is an instance only where its metadata service gives a token, and no other service at that address', async () => {
    const inside = await startInsideSandbox()
    const url = inside.at[1] ?? ''
    expect(await findComputeResource([], ['http://127.0.0.1:9', url])).toEqual({kind: 'vpc', url})
    const other = createServer((_request, response) => response.end('{"Code": "Success"}'))
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    expect(await findComputeResource([], [otherUrl])).toBeUndefined()
    other.close()
    await inside.sandbox.close()
  })

  it('is looked for last, and is a container where there is a token, whose trusted profile must be named', async () => {
    const find = (compute: Awaited<ReturnType<typeof findComputeResource>>, settings = {}) =>
      findCredentials({
        settings,
        iamUrl: 'https://iam.test',
        apiKeyFile: undefined,
        host: process,
        warn: () => undefined,
        findCompute: async () => compute,
      })
    const instance = await find({kind: 'vpc', url: 'http://169.254.169.254'})
    expect(instance.source).toEqual({
      name: 'this instance (its metadata service)',
      why: 'there is no --api-key-file, IBMCLOUD_API_KEY, IC_API_KEY, VPC_* settings or ibmcloud login',
    })
    expect(instance.asked.isMetadataService).toBe(true)
    await expect(find({kind: 'container', file: '/var/run/secrets/token'})).rejects.toMatchObject({
      exitCode: 3,
      hint: expect.stringContaining('VPC_IAM_PROFILE_NAME'),
    })
    await expect(find(undefined)).rejects.toMatchObject({code: 'no_credentials', exitCode: 3})
    const key = await find({kind: 'vpc', url: 'http://169.254.169.254'}, {IBMCLOUD_API_KEY: 'a-key'})
    expect(key.source.name).toBe('IBMCLOUD_API_KEY')
  })
})
