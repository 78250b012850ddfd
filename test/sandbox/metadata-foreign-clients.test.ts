import {BaseService, VpcInstanceAuthenticator} from 'ibm-cloud-sdk-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {linkedProfile, type Sandbox, startSandbox, unlinkedProfile} from '../../src/sandbox/index.ts'
import type {Body} from './sandbox-client.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567'})
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
