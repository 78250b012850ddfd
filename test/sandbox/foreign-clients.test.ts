import {BaseService, IamAuthenticator} from 'ibm-cloud-sdk-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import type {Body} from './sandbox-client.ts'

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
