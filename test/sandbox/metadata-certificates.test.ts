import 'reflect-metadata'
import {X509Certificate} from 'node:crypto'
import {readFileSync} from 'node:fs'
import {
  BasicConstraintsExtension,
  type Pkcs10CertificateRequestCreateParams,
  Pkcs10CertificateRequestGenerator,
} from '@peculiar/x509'
import {afterAll, beforeAll, expect, test} from 'vitest'
import {newCertificateRequest} from '../../src/imds/certificate-request.ts'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {ask, Inside, newest} from './metadata-client.ts'

let sandbox: Sandbox
let inside: Inside
beforeAll(async () => {
  sandbox = await startSandbox()
  inside = await Inside.of(sandbox, 'eu-de/web-1')
})
afterAll(() => sandbox.close())

const elliptic = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}

async function csrFor(name: string, more: Partial<Pkcs10CertificateRequestCreateParams> = {}): Promise<string> {
  const signingAlgorithm = more.signingAlgorithm ?? elliptic
  const keys = await crypto.subtle.generateKey(signingAlgorithm as typeof elliptic, true, ['sign', 'verify'])
  const csr = await Pkcs10CertificateRequestGenerator.create({name, keys, ...more, signingAlgorithm})
  return csr.toString('pem')
}

const request = (body: unknown) => inside.post('/identity/v1/certificates', body)

test.each([
  ['C=US', elliptic],
  ['C=US', rsa],
  ['C=US, ST=Minnesota, L=Rochester, O=IBM, OU=VPC', elliptic],
  ['', elliptic],
])('a CSR for %j is answered with a certificate for the instance, and its chain', async (name, signingAlgorithm) => {
  const csr = await csrFor(name, {signingAlgorithm})
  const before = Date.now()
  const {status, body} = await request({csr, expires_in: 600})
  expect(status).toBe(200)
  expect(body).toEqual({
    certificates: [expect.any(String), expect.any(String)],
    created_at: expect.any(String),
    expires_at: expect.any(String),
    expires_in: 600,
    id: expect.stringMatching(/^[-0-9a-f]{36}$/),
  })
  const [leaf, middle] = body.certificates.map(pem => new X509Certificate(pem))
  const root = new X509Certificate(readFileSync(inside.address.ca_file))
  if (leaf === undefined || middle === undefined) throw new Error('There is no chain.')
  expect(leaf.verify(middle.publicKey) && leaf.checkIssued(middle)).toBe(true)
  expect(middle.verify(root.publicKey) && middle.checkIssued(root)).toBe(true)
  expect(leaf.ca).toBe(false)
  const subject = [...name.split(', ').filter(Boolean), `CN=${inside.address.id}`]
  expect(leaf.subject.split('\n')).toEqual(subject)
  const lasting = Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)
  expect(lasting).toBe(600_000)
  expect(Date.parse(leaf.validFrom)).toBeGreaterThanOrEqual(before - 1000)
})

test.each(['#1', '#0403616263', 'a "b" c', 'a, b=c + \\0a', 'Grüße'])(
  'an organization of %j stays what it is',
  async organization => {
    const {csr} = await newCertificateRequest(organization)
    const {body} = await request({csr})
    const [leaf] = body.certificates
    if (leaf === undefined) throw new Error('There is no certificate.')
    expect(new X509Certificate(leaf).toLegacyObject().subject).toMatchObject({O: organization, CN: inside.address.id})
  },
)

test('it lasts an hour by default', async () => {
  expect((await request({csr: await csrFor('C=US')})).body.expires_in).toBe(3600)
})

test.each([299, 3601, '600'])('it may not last %j seconds', async seconds => {
  const {status, body} = await request({csr: await csrFor('C=US'), expires_in: seconds})
  expect(status).toBe(400)
  expect(body.errors[0]).toMatchObject({code: 'invalid_value', target: {name: 'expires_in'}})
})

test.each([
  ['a common name', () => csrFor('C=US, CN=hello'), /must not have a common name/],
  ['another naming attribute', () => csrFor('C=US, E=a@example.com'), /no other naming attributes/],
  [
    'an extension',
    () => csrFor('C=US', {extensions: [new BasicConstraintsExtension(true)]}),
    /must not have extensions/,
  ],
  ['no PEM', async () => 'MIIB', /in PEM format/],
  ['a certificate', async () => readFileSync(inside.address.ca_file, 'utf8'), /in PEM format/],
  ['nothing', async () => '', /in PEM format/],
  ['a broken signature', async () => broken(await csrFor('C=US')), /must be signed/],
])('a CSR with %s is refused', async (_, make, message) => {
  const {status, body} = await request({csr: await make()})
  expect(status).toBe(400)
  expect(body.errors[0]).toMatchObject({code: 'invalid_value', target: {name: 'csr', type: 'field'}})
  expect(body.errors[0].message).toMatch(message)
})

/** The same CSR with a bit of its signature turned over. */
function broken(pem: string): string {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) ^ 1
  return `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
}

test('without a CSR, or with something else, there is none', async () => {
  expect((await request({})).body.errors[0]).toMatchObject({code: 'missing_field', target: {name: 'csr'}})
  expect((await request({csr: 5})).body.errors[0].code).toBe('invalid_value')
  expect((await request({csr: '', subject: 'x'})).body.errors[0].code).toBe('unknown_field')
  const anonymous = await ask(inside.address, `/identity/v1/certificates?${newest}`, {
    method: 'POST',
    headers: {authorization: 'Bearer x'},
    body: {csr: await csrFor('C=US')},
  })
  expect(anonymous.status).toBe(401)
})

test('the old path has them too', async () => {
  const answer = await ask(inside.address, '/instance_identity/v1/certificates?version=2024-11-12', {
    method: 'POST',
    headers: {authorization: `Bearer ${inside.token}`},
    body: {csr: await csrFor('C=US')},
  })
  expect(answer.status).toBe(200)
})
