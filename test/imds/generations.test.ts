import {describe, expect, it} from 'vitest'
import {findService} from '../../src/imds/find-service.ts'
import {goodToken, json, type MetadataServer, type SeenByServer, serve} from '../support/metadata-server.ts'

let server: MetadataServer

const isOld = ({url}: SeenByServer) => url.startsWith('/instance_identity/')

/** A service that knows one generation of paths only; an old path is 404 under a new version, as IBM's change log says. */
async function serveGeneration(known: 'new' | 'old', except: string[] = []): Promise<void> {
  server = await serve((request, response) => {
    const {pathname, searchParams} = new URL(request.url, 'http://localhost')
    const version = searchParams.get('version') ?? ''
    const isKnown = isOld(request) ? known === 'old' && version < '2025-08-26' : known === 'new'
    if (pathname.startsWith('/metadata/')) json(response, 200, {id: 'an-instance', version})
    else if (!isKnown || except.includes(pathname)) json(response, 404, {errors: [{code: 'not_found', message: 'No.'}]})
    else json(response, 200, {access_token: goodToken, expires_in: 300, certificates: [pem]})
  })
}

const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
const paths = () => server.seen.map(({method, url}) => `${method} ${url}`)

describe('the newer paths', () => {
  it('are asked, and nothing else, where they are known', async () => {
    await serveGeneration('new')
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    await service.iamToken('Profile-1')
    await service.certificate('a request', 600)
    expect(await service.get('instance')).toEqual({id: 'an-instance', version: '2025-08-26'})
    expect(paths()).toEqual([
      'PUT /identity/v1/token?version=2025-08-26',
      'POST /identity/v1/iam_tokens?version=2025-08-26',
      'POST /identity/v1/certificates?version=2025-08-26',
      'GET /metadata/v1/instance?version=2025-08-26',
    ])
    const [token, iam, certificate, get] = server.seen
    expect(token?.headers).toMatchObject({'metadata-flavor': 'ibm'})
    expect(token?.headers.authorization).toBeUndefined()
    for (const request of [iam, certificate, get]) {
      expect(request?.headers.authorization).toBe(`Bearer ${goodToken}`)
    }
    expect(JSON.parse(iam?.body ?? '')).toEqual({trusted_profile: {id: 'Profile-1'}})
    expect(JSON.parse(certificate?.body ?? '')).toEqual({csr: 'a request', expires_in: 600})
  })

  it('give way to the older ones where they are 404, under an older version', async () => {
    await serveGeneration('old')
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    const crn = 'crn:v1:bluemix:public:iam-identity::a/123456::profile:Profile-1'
    await service.iamToken(crn)
    await service.certificate('a request', undefined)
    expect(await service.get('instance')).toEqual({id: 'an-instance', version: '2022-03-01'})
    expect(paths()).toEqual([
      'PUT /identity/v1/token?version=2025-08-26',
      'PUT /instance_identity/v1/token?version=2022-03-01',
      'POST /instance_identity/v1/iam_token?version=2022-03-01',
      'POST /instance_identity/v1/certificates?version=2022-03-01',
      'GET /metadata/v1/instance?version=2022-03-01',
    ])
    expect(JSON.parse(server.seen[2]?.body ?? '')).toEqual({trusted_profile: {crn}})
  })

  it('that are 404 in both generations are exit code 4', async () => {
    await serveGeneration('new', ['/identity/v1/iam_tokens'])
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    await expect(service.iamToken(undefined)).rejects.toMatchObject({exitCode: 4, status: 404})
    expect(paths().slice(1)).toEqual([
      'POST /identity/v1/iam_tokens?version=2025-08-26',
      'POST /instance_identity/v1/iam_token?version=2022-03-01',
    ])
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual({})
  })
})
