import {request} from 'node:http'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {requestToken, serverTwo, version} from './sandbox-client.ts'

let sandbox: Sandbox
let services: Record<string, {url: string; method: string; headers: Record<string, string>}>
beforeAll(async () => {
  sandbox = await startSandbox({regions: ['us-south']})
  await sandbox.fleet.change(serverTwo, {metadata_service: {enabled: true, protocol: 'http'}})
  const {body} = await requestToken(sandbox.url, sandbox.apiKey)
  const {url} = await sandbox.metadataAddress(serverTwo)
  const json = {'content-type': 'application/json'}
  services = {
    'the VPC API': {
      url: `${sandbox.url}/v1/instances/${serverTwo}?${version}`,
      method: 'PATCH',
      headers: {...json, authorization: `Bearer ${body.access_token}`},
    },
    IAM: {
      url: `${sandbox.url}/identity/token`,
      method: 'POST',
      headers: {'content-type': 'application/x-www-form-urlencoded'},
    },
    'the metadata service': {
      url: `${url}/identity/v1/token?version=2025-08-26`,
      method: 'PUT',
      headers: {...json, 'metadata-flavor': 'ibm'},
    },
  }
})
afterAll(() => sandbox.close())

interface Answer {
  status: number | undefined
  body: {errors?: {code: string; message: string}[]; trace?: string; errorCode?: string; context?: object}
  connection: string | undefined
  /** How much was taken from us until the answer came. */
  taken: number
}

/** Sends a body piece by piece until there is an answer, with its length in the header or in chunks. */
function send(service: string, pieces: Iterable<Buffer>, length?: number): Promise<Answer> {
  const {url, method, headers = {}} = services[service] ?? {}
  return new Promise((resolve, reject) => {
    let taken = 0
    let isAnswered = false
    const sent = request(url ?? '', {
      method,
      headers: {...headers, ...(length === undefined ? {'transfer-encoding': 'chunked'} : {'content-length': length})},
    })
    sent.on('response', answer => {
      isAnswered = true
      let text = ''
      answer.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      const {connection} = answer.headers
      answer.on('end', () => resolve({status: answer.statusCode, body: JSON.parse(text), connection, taken}))
    })
    sent.on('error', error => isAnswered || reject(error))
    const [...all] = pieces
    const next = () => {
      const piece = all.shift()
      if (isAnswered) return
      if (piece === undefined) return void sent.end()
      sent.write(piece, () => {
        taken += piece.length
        // Long enough for an answer to come before the next piece.
        setTimeout(next, 20)
      })
    }
    next()
  })
}

const mebibyte = Buffer.alloc(1024 * 1024, ' ')
const names = ['the VPC API', 'IAM', 'the metadata service']

describe.each(names)('a body that is too large for the sandbox: %s', service => {
  it('is refused by its length, before any of it is read', async () => {
    const {status, connection, body} = await send(service, [Buffer.from('{')], 5 * 1024 * 1024)
    expect({status, connection}).toEqual({status: 413, connection: 'close'})
    expectShape(service, body)
  })

  it('is refused as soon as too much has come, where its length is not told', async () => {
    const {status, connection, body, taken} = await send(service, Array(64).fill(mebibyte))
    expect({status, connection}).toEqual({status: 413, connection: 'close'})
    expectShape(service, body)
    expect(taken).toBeLessThan(48 * 1024 * 1024)
  })

  it('leaves the sandbox as it was: the next request is answered', async () => {
    const {status} = await send(service, [Buffer.from('{}')])
    expect(status).not.toBe(413)
  })
})

function expectShape(service: string, body: Answer['body']): void {
  if (service === 'IAM')
    expect(body).toMatchObject({errorCode: 'BXNIM0060E', context: {requestType: expect.any(String)}})
  else
    expect(body).toMatchObject({
      errors: [{code: expect.any(String), message: 'The request body is too large.'}],
      trace: expect.any(String),
    })
}

describe.each(names)('a body that is nested without end: %s', service => {
  it.each([
    ['objects', `${'{"name":'.repeat(101)}1${'}'.repeat(101)}`],
    ['lists', `{"name":${'['.repeat(101)}${']'.repeat(101)}}`],
    ['by the ten thousand', `${'{"name":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  ])('of %s is refused with 400', async (_of, text) => {
    const {status, body} = await send(service, [Buffer.from(text)], text.length)
    expect(status).toBe(400)
    if (service !== 'IAM') expect(body.errors?.[0]?.message).toMatch(/nested too deeply|too large/)
  })
})

it('a change that comes in chunks is made as any other', async () => {
  const text = '{"name": "a-new-name"}'
  const {status} = await send('the VPC API', [Buffer.from(text.slice(0, 5)), Buffer.from(text.slice(5))])
  expect(status).toBe(200)
  expect(sandbox.fleet.get(serverTwo)?.name).toBe('a-new-name')
})

it('braces within a text do not count', async () => {
  const text = JSON.stringify({name: '{["\\'.repeat(100)})
  const {body} = await send('the VPC API', [Buffer.from(text)], text.length)
  expect(body.errors?.[0]?.message).not.toMatch(/nested/)
})
