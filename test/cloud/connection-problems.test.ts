import {createServer, type RequestListener} from 'node:http'
import type {AddressInfo} from 'node:net'
import {createServer as createTlsServer} from 'node:tls'
import {afterEach, expect, it} from 'vitest'
import {fromKey} from '../../src/cloud/credential-kinds.ts'
import type {CloudOptions} from '../../src/cloud/open-cloud.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

let test: TestCloud | undefined
let server: {close(): unknown} | undefined

afterEach(async () => {
  await test?.close()
  server?.close()
})

async function regionsWith(endpoints: Partial<CloudOptions['endpoints']>) {
  test = await startTestCloud()
  const {VPC_URL: vpcUrl, VPC_AUTH_URL: iamUrl} = test.sandbox.environment
  return (
    await test.open({
      endpoints: {vpcUrl, iamUrl, isPrivate: false, ...endpoints},
      credentials: fromKey(test.sandbox.apiKey, 'The key', endpoints.iamUrl ?? iamUrl),
    })
  ).regions()
}

async function serve(listener: RequestListener): Promise<string> {
  const http = createServer(listener)
  server = http
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

it('names a host that is not in the DNS', async () => {
  await expect(regionsWith({vpcUrl: 'https://iaas.vpcmd.invalid/v1'})).rejects.toMatchObject({
    code: 'host_not_found',
    message: expect.stringContaining('iaas.vpcmd.invalid'),
    exitCode: 1,
  })
})

it('names a port that is closed', async () => {
  await expect(regionsWith({iamUrl: 'http://127.0.0.1:9'})).rejects.toMatchObject({code: 'connection_refused'})
})

it('names a server that breaks off TLS', async () => {
  const tls = createTlsServer({})
  server = tls
  await new Promise<void>(resolve => tls.listen(0, '127.0.0.1', resolve))
  const {port} = tls.address() as AddressInfo
  await expect(regionsWith({vpcUrl: `https://127.0.0.1:${port}/v1`})).rejects.toMatchObject({
    code: 'tls_failure',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  })
})

it.each(['vpcUrl', 'iamUrl'] as const)('names a web page that comes in place of an answer, at %s', async name => {
  const url = await serve((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><p>Log in</p>')
  })
  await expect(regionsWith({[name]: name === 'vpcUrl' ? `${url}/v1` : url})).rejects.toMatchObject({
    code: 'web_page',
    message: expect.stringContaining('web page'),
  })
})

it.each(['[]', '"text"', '{}', 'null', '{"regions"'])('does not take %s for an answer', async body => {
  const url = await serve((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(body)
  })
  await expect(regionsWith({vpcUrl: `${url}/v1`})).rejects.toMatchObject({name: 'VpcmdError', exitCode: 1})
})

it('keeps the words, the target and the trace of an error of IBM', async () => {
  const url = await serve((_request, response) => {
    const error = {code: 'bad_field', message: 'The field is not valid.', target: {name: 'limit', type: 'parameter'}}
    response
      .writeHead(400, {'Content-Type': 'application/json'})
      .end(JSON.stringify({errors: [error], trace: 'trace-of-ibm'}))
  })
  await expect(regionsWith({vpcUrl: `${url}/v1`})).rejects.toMatchObject({
    code: 'bad_field',
    message: 'Could not ask for the regions: The field is not valid (limit).',
    trace: 'trace-of-ibm',
  })
})
