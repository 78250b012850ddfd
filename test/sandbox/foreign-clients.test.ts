import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {BaseService, IamAuthenticator} from 'ibm-cloud-sdk-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type Body, serverTwo} from './sandbox-client.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const run = promisify(execFile)
let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

describe("ibm-cloud-sdk-core's own classes", () => {
  const service = (apikey: string) => {
    const made = new BaseService({authenticator: new IamAuthenticator({apikey, url: sandbox.url})})
    made.setServiceUrl(`${sandbox.url}/eu-de/v1`)
    const request = (method: string, url: string, body?: unknown, headers: Record<string, string> = {}) =>
      // The method is the SDK's for its subclasses; reached by name because TypeScript keeps it for those.
      (Reflect.get(made, 'createRequest') as (parameters: object) => Promise<{result: Body; headers: Body}>).call(
        made,
        {
          options: {method, url, body, qs: {version: '2026-03-24', generation: 2}},
          defaultOptions: {serviceUrl: `${sandbox.url}/eu-de/v1`, headers: {Accept: 'application/json', ...headers}},
        },
      )
    return request
  }

  test('get a token, list, get and patch', async () => {
    const request = service(sandbox.apiKey)
    const {result} = await request('GET', '/instances')
    expect(result.instances.map(each => each.name)).toEqual(['web-1', 'web-2'])
    const path = `/instances/${result.instances[1].id}`
    const before = await request('GET', path)
    const after = await request(
      'PATCH',
      path,
      {metadata_service: {enabled: true}},
      {'Content-Type': 'application/merge-patch+json', 'If-Match': before.headers.etag},
    )
    expect(after.result.metadata_service).toEqual({enabled: true, protocol: 'http', response_hop_limit: 1})
    expect(after.headers.etag).not.toBe(before.headers.etag)
  })

  test("see IBM's error and trace in error.result", async () => {
    const failure = await service(sandbox.apiKey)('GET', '/instances/nothing').catch((error: Body) => error)
    expect(failure).toMatchObject({status: 404, result: {errors: [{code: 'not_found'}], trace: expect.any(String)}})
  })

  test('see why a wrong key is wrong', async () => {
    const failure = await service('wrong')('GET', '/instances').catch((error: Body) => error)
    expect(JSON.stringify(failure)).toContain('BXNIM0415E')
  })
})

const curl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)
if (!curl) console.warn("Skipped: the curl lines of IBM's page, because there is no curl.")

// The lines of "Accessing metadata from an instance", API tab, but for the backtick that ends the last, where the page
// has lost a quote. `$vpc_api_endpoint` and `$iam_token` are set as the page's readers set them.
const lines = {
  list: 'curl -X GET "$vpc_api_endpoint/v1/instances?version=2025-05-13&generation=2" -H "Authorization: Bearer $iam_token"',
  get: `curl -X GET "$vpc_api_endpoint/v1/instances/${serverTwo}?version=2025-05-13&generation=2" -H "Authorization: Bearer $iam_token"`,
  patch: `curl -X PATCH "$vpc_api_endpoint/v1/instances/${serverTwo}?version=2025-05-13&generation=2" \\
   -H "Authorization: Bearer $iam_token" \\
   -d '{
        "metadata_service": {
           "enabled": true,
           "protocol": "http",
           "response_hop_limit": 1
           }
       }'`,
}

describe.skipIf(!curl)("the curl lines of IBM's page", () => {
  test('list, get and patch', async () => {
    // A proxy of this machine must not come between.
    const env = {PATH: process.env.PATH, no_proxy: '*'}
    const token = await run(
      'sh',
      [
        '-c',
        `curl -s -X POST "$iam/identity/token" -H "Content-Type: application/x-www-form-urlencoded" \\
          -d "grant_type=urn:ibm:params:oauth:grant-type:apikey&apikey=$key"`,
      ],
      {env: {...env, iam: sandbox.url, key: sandbox.apiKey}},
    )
    const variables = {vpc_api_endpoint: `${sandbox.url}/us-south`, iam_token: JSON.parse(token.stdout).access_token}
    const sh = async (line: string): Promise<Body> =>
      JSON.parse((await run('sh', ['-c', line], {env: {...env, ...variables}})).stdout)
    expect((await sh(lines.list)).instances.map(each => each.id)).toContain(serverTwo)
    expect((await sh(lines.get)).metadata_service.enabled).toBe(false)
    expect((await sh(lines.patch)).metadata_service.enabled).toBe(true)
    expect((await sh(lines.get)).metadata_service).toEqual({enabled: true, protocol: 'http', response_hop_limit: 1})
  })
})
