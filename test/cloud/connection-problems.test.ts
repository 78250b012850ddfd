import {createServer, type RequestListener} from 'node:http'
import {createServer as createTlsServer} from 'node:tls'
import {expect, it} from 'vitest'
import {fromKey} from '../../src/cloud/credential-kinds.ts'
import type {CloudOptions} from '../../src/cloud/open-cloud.ts'
import {startTestCloud} from '../support/test-cloud.ts'
import {listening} from '../support/until-test-ends.ts'

async function regionsWith(endpoints: Partial<CloudOptions['endpoints']>) {
  const test = await startTestCloud()
  const {VPC_URL: vpcUrl, VPC_AUTH_URL: iamUrl} = test.sandbox.environment
  return (
    await test.open({
      endpoints: {vpcUrl, iamUrl, isPrivate: false, ...endpoints},
      credentials: fromKey(test.sandbox.apiKey, 'The key', endpoints.iamUrl ?? iamUrl),
    })
  ).regions()
}

const serve = (answer: RequestListener) => listening(createServer(answer))

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
  const {host} = new URL(await listening(createTlsServer({})))
  await expect(regionsWith({vpcUrl: `https://${host}/v1`})).rejects.toMatchObject({
    code: 'tls_failure',
    message: expect.stringContaining(host),
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

it('is in doubt about a change that is answered by another protocol', async () => {
  const server = createServer()
  server.on('connection', socket => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    )
  })
  const url = await listening(server)
  await expect(regionsWith({iamUrl: url})).rejects.toMatchObject({code: 'connection_broken', exitCode: 1})
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
