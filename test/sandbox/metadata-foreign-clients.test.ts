import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {BaseService, VpcInstanceAuthenticator} from 'ibm-cloud-sdk-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {linkedProfile, type Sandbox, startSandbox, unlinkedProfile} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import type {MetadataBody} from './metadata-client.ts'
import type {Body} from './sandbox-client.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const run = promisify(execFile)
let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox.close())

describe("ibm-cloud-sdk-core's own VpcInstanceAuthenticator, pointed at an instance's address", () => {
  const list = async (instance: string, options: object = {}) => {
    const {url} = await sandbox.metadataAddress(instance)
    const authenticator = new VpcInstanceAuthenticator({url, ...options})
    const service = new BaseService({authenticator, serviceUrl: `${sandbox.url}/eu-de/v1`})
    // The method is the SDK's for its subclasses; reached by name because TypeScript keeps it for those.
    const createRequest = Reflect.get(service, 'createRequest') as (parameters: object) => Promise<{result: Body}>
    const {result} = await createRequest.call(service, {
      options: {method: 'GET', url: '/instances', qs: {version: '2026-03-24', generation: 2}},
      defaultOptions: {serviceUrl: `${sandbox.url}/eu-de/v1`, headers: {Accept: 'application/json'}},
    })
    return result.instances.map(each => each.name)
  }

  test.each([
    ['on the old paths', {}],
    ['on the new paths', {serviceVersion: '2025-08-26'}],
    ['with a linked profile by ID', {iamProfileId: linkedProfile.id}],
    ['with a linked profile by CRN', {iamProfileCrn: linkedProfile.crn}],
  ])('lists instances %s', async (_, options) => {
    expect(await list('jp-tok/web-1', options)).toEqual(['web-1', 'web-2'])
  })

  test('is told why not, where the profile is not linked', async () => {
    const failure = await list('jp-tok/web-1', {iamProfileId: unlinkedProfile.id}).catch((error: Body) => error)
    expect(JSON.stringify(failure)).toContain('profile_not_linked')
  })
})

const tools = await Promise.all([run('curl', ['--version']), run('jq', ['--version'])]).then(
  () => true,
  () => false,
)
if (!tools) console.warn("Skipped: the curl lines of IBM's pages, because there is no curl, or no jq.")

// The lines of "Accessing metadata from an instance", and those of "Identity operations" that follow it; only the host
// is another (ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md).
const lines = {
  token: `export instance_identity_token=\`curl -X PUT "http://api.metadata.cloud.ibm.com/instance_identity/v1/token?version=2024-11-12"\\
     -H "Metadata-Flavor: ibm"\\
     -H "Accept: application/json"\\
     -d '{
           "expires_in": 3600
         }' | jq -r '(.access_token)'\``,
  initialization: `curl -X GET "http://api.metadata.cloud.ibm.com/metadata/v1/instance/initialization?version=2024-11-12"\\
      -H "Accept: application/json"\\
      -H "Authorization: Bearer $instance_identity_token"\\
      | jq -r`,
  iamToken: `iam_token=\`curl -X POST "http://api.metadata.cloud.ibm.com/identity/v1/iam_tokens?version=2025-10-14" \\
-H "Authorization: Bearer $instance_identity_token" \\
-d '{
      "trusted_profile": {
        "id": "Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5"
      }
    }'| jq -r '(.access_token)'\``,
  list: 'curl -X GET "$vpc_api_endpoint/v1/instances?version=2025-05-13&generation=2" -H "Authorization: Bearer $iam_token"',
}

test.skipIf(!tools)("the curl lines of IBM's pages work with only the host replaced", async () => {
  await sandbox.fleet.change('0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6', {metadata_service: {enabled: true}})
  const {url} = await sandbox.metadataAddress('my-virtual-server-2')
  const sh = async (...script: string[]) => {
    const text = script.join('\n').replaceAll('http://api.metadata.cloud.ibm.com', url)
    // A proxy of this machine must not come between.
    const env = {PATH: process.env.PATH, no_proxy: '*', vpc_api_endpoint: `${sandbox.url}/us-south`}
    return JSON.parse((await run('sh', ['-c', text], {env})).stdout)
  }
  const initialization: MetadataBody = await sh(lines.token, lines.initialization)
  expect(initialization.user_data).toMatch(/^#cloud-config\n/)
  expect(initialization.keys.map(each => each.name)).toEqual(['my-key'])
  const list: Body = await sh(lines.token, lines.iamToken, lines.list)
  expect(list.instances.map(each => each.name)).toContain('my-virtual-server-2')
})
