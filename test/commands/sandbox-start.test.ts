import {spawn} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {read, requestToken, version} from '../sandbox/sandbox-client.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

interface Running {
  url: string
  environment: {IBMCLOUD_API_KEY: string}
}

interface Found {
  rows_count: number
  items: {crn: string}[]
  results: object[]
}

/** Runs `use` with the sandbox that `vpcmd sandbox start` serves, and ends it. */
async function withServer(
  args: string[],
  use: (server: Running, stderr: () => string) => Promise<void>,
): Promise<void> {
  const server = spawn(process.execPath, [vpcmdPath, 'sandbox', 'start', '--json', ...args], {env: freshEnvironment()})
  const ended = new Promise(resolve => server.on('close', resolve))
  let stdout = ''
  let stderr = ''
  server.stderr.on('data', chunk => {
    stderr += chunk
  })
  const ready = new Promise<Running>(resolve => {
    server.stdout.on('data', chunk => {
      stdout += chunk
      if (stdout.trimEnd().endsWith('}')) resolve(JSON.parse(stdout))
    })
  })
  try {
    await use(await ready, () => stderr)
  } finally {
    server.kill('SIGTERM')
    await ended
  }
}

it('lets transitions take the time that --transition says, and the first start fail that --failing-starts says', () =>
  withServer(['--transition', '0', '--failing-starts', '1'], async ({url, environment}) => {
    const token: string = (await requestToken(url, environment.IBMCLOUD_API_KEY)).body.access_token
    const send = async (path: string, init: RequestInit = {}) => {
      const headers = {authorization: `Bearer ${token}`}
      return (await read(await fetch(`${url}/v1${path}?${version}`, {...init, headers}))).body
    }
    const path = '/instances/0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
    const statuses: string[] = []
    for (const type of ['stop', 'start', 'stop', 'start']) {
      await send(`${path}/actions`, {method: 'POST', body: JSON.stringify({type})})
      statuses.push((await send(path)).status)
    }
    expect(statuses).toEqual(['stopped', 'failed', 'stopped', 'running'])
  }))

it.each([
  [['--transition', '-1'], /--transition/],
  [['--transition', 'soon'], /--transition/],
  [['--failing-starts', 'many'], /Not an amount of failing starts: many/],
  [['--failing-starts', '101%'], /at most 100%/],
  [['--accounts', '0'], /--accounts/],
  [['--tag-delay', '-1'], /--tag-delay/],
  [['--failing-starts', ''], /Not an amount of failing starts/],
])('refuses %j', async (args, says) => {
  const {code, stderr, stdout} = await runInProcess(['sandbox', 'start', ...args])
  expect({code, stderr, stdout}).toEqual({code: 2, stderr: expect.stringMatching(says), stdout: ''})
})

it("prints what vpcmd, Terraform and IBM's SDKs take their credentials and addresses from", () =>
  withServer([], async ({url, environment}) => {
    expect(environment).toEqual({
      IBMCLOUD_API_KEY: 'sandbox-api-key-not-a-secret',
      VPC_APIKEY: 'sandbox-api-key-not-a-secret',
      VPC_AUTH_TYPE: 'iam',
      VPC_AUTH_URL: url,
      VPC_URL: `${url}/v1`,
      GLOBAL_SEARCH_URL: `${url}/search`,
      GLOBAL_TAGGING_URL: `${url}/tagging`,
      ENTERPRISE_MANAGEMENT_URL: `${url}/enterprise/v1`,
      IAM_IDENTITY_URL: url,
    })
  }))

it('serves as many accounts as --accounts says, and a search that knows of tags after --tag-delay', () =>
  withServer(['--accounts', '3', '--instances', '2', '--tag-delay', '3600'], async ({url, environment}, stderr) => {
    const token: string = (await requestToken(url, environment.IBMCLOUD_API_KEY)).body.access_token
    // What there is, is the test's own claim.
    const send = async (path: string, body?: object): Promise<Found> => {
      const init = body ? {method: 'POST', body: JSON.stringify(body)} : {}
      const response = await fetch(`${url}${path}`, {...init, headers: {authorization: `Bearer ${token}`}})
      return (await response.json()) as Found
    }
    expect((await send('/enterprise/v1/accounts')).rows_count).toBe(3)
    expect(stderr()).toContain('vpcmd instances list --assume vpcmd-auditor --account all')
    const find = async (query: string) => (await send('/search/v3/resources/search', {query})).items
    const instances = await find('type:instance')
    expect(instances).toHaveLength(2)
    const attached = {resources: [{resource_id: instances[0]?.crn}], tag_names: ['env:new']}
    expect((await send('/tagging/v3/tags/attach', attached)).results).toMatchObject([{is_error: false}])
    expect(await find('tags:"env:new"')).toEqual([])
  }))

it('lets vpcmd in without a key, with the token that --cr-token writes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-cr-'))
  const file = join(folder, 'token')
  await withServer(['--cr-token', file], async ({environment}) => {
    expect(environment).not.toHaveProperty('IBMCLOUD_API_KEY')
    expect(environment).not.toHaveProperty('VPC_APIKEY')
    expect(environment).toMatchObject({VPC_AUTH_TYPE: 'container', VPC_CR_TOKEN_FILENAME: file})
    const {code, stdout, stderr} = await runInProcess(['whoami', '--json'], {env: {...environment}})
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(JSON.parse(stdout)).toMatchObject({profile: {id: expect.stringMatching(/^Profile-/)}})
  })
  rmSync(folder, {recursive: true})
})

it('says where --cr-token can not be written', async () => {
  const {code, stderr, stdout} = await runInProcess(['sandbox', 'start', '--cr-token', '/nowhere/token'])
  expect({code, stderr, stdout}).toEqual({code: 2, stderr: expect.stringMatching(/no folder \/nowhere/), stdout: ''})
})
