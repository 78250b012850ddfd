import {writeFileSync} from 'node:fs'
import {createServer, type RequestListener} from 'node:http'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {findComputeResource} from '../../src/cloud/compute-resource.ts'
import {folderOfTest, listening} from '../support/until-test-ends.ts'

const serve = (answer: RequestListener) => listening(createServer(answer))

const token = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"iss":"x"}').toString('base64url')}.x`
const instance: RequestListener = ({method, url, headers}, response) => {
  const isAsked =
    method === 'PUT' && url?.startsWith('/instance_identity/v1/token') && headers['metadata-flavor'] === 'ibm'
  response.writeHead(isAsked ? 200 : 404).end(JSON.stringify({access_token: token}))
}

describe('where vpcmd runs', () => {
  it('is a container where there is a token, without a question to anybody', async () => {
    const file = join(folderOfTest(), 'token')
    writeFileSync(file, 'x')
    expect(await findComputeResource(['/nowhere', file], ['http://127.0.0.1:1'])).toEqual({kind: 'container', file})
  })

  it('is an instance where the metadata service gives a token, whatever becomes of the other address', async () => {
    const [silent, url] = [await serve(() => undefined), await serve(instance)]
    expect(await findComputeResource([], [silent, url])).toEqual({kind: 'vpc', url})
  })

  it.each<[string, RequestListener]>([
    ['refuses', (_, response) => void response.writeHead(403).end()],
    ['redirects', (_, response) => void response.writeHead(302, {location: 'http://127.0.0.1:1/'}).end()],
    ['sends a page', (_, response) => void response.end('<html>')],
    ['sends another token', (_, response) => void response.end('{"access_token":"AQAEA"}')],
    ['says nothing', () => undefined],
    ['never ends', (_, response) => void response.write(' ')],
  ])('is neither where what answers %s, within two seconds', async (_, answer) => {
    const startedAt = performance.now()
    expect(await findComputeResource([], [await serve(answer), 'http://127.0.0.1:1'])).toBeUndefined()
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })
})
