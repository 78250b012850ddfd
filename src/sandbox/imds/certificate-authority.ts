import 'reflect-metadata'
import {mkdtempSync, rmSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {createSecureContext, type SecureContext} from 'node:tls'
import * as x509 from '@peculiar/x509'
import {whenAsked} from '../core/when-asked.ts'
import {refusedPart} from './metadata-request.ts'

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
const dayMs = 86_400_000
const organization = 'O=vpcmd sandbox'

// Over https the real service has its host name only: 169.254.169.254 is not among them.
const servedNames = [
  {type: 'dns', value: 'api.metadata.cloud.ibm.com'},
  {type: 'dns', value: 'localhost'},
  {type: 'ip', value: '127.0.0.1'},
] as const
const namelessAddresses = ['169.254.169.254', '127.0.0.1']

type Keys = Awaited<ReturnType<typeof makeKeys>>

interface Authority {
  certificate: x509.X509Certificate
  keys: Keys
}

const makeKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const pemOf = (certificate: x509.X509Certificate) => `${certificate.toString('pem')}\n`

const validFor = (days: number) => ({
  notBefore: new Date(Date.now() - dayMs),
  notAfter: new Date(Date.now() + days * dayMs),
})

type Wanted = Pick<x509.X509CertificateCreateParams, 'extensions' | 'notAfter' | 'notBefore' | 'publicKey'> & {
  subject: string | x509.Name
}

/** A certificate signed by an authority; keys without a certificate sign their own. */
async function sign(
  {extensions = [], ...wanted}: Wanted,
  {certificate, keys}: Partial<Authority> & Pick<Authority, 'keys'>,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    ...validFor(364),
    ...wanted,
    issuer: certificate?.subject ?? wanted.subject,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [...extensions, await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey)],
  })
}

async function makeAuthority(commonName: string, parent?: Authority): Promise<Authority> {
  const keys = await makeKeys()
  const extensions = [
    new x509.BasicConstraintsExtension(true, parent === undefined ? 1 : 0, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
  ]
  const subject = `CN=${commonName}, ${organization}`
  const wanted = {...validFor(365), subject, publicKey: keys.publicKey, extensions}
  return {certificate: await sign(wanted, parent ?? {keys}), keys}
}

function leafExtensions(usage: x509.ExtendedKeyUsage): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([usage]),
  ]
}

/** Key and certificate of the metadata service, for the names that it is reached by and the IP address that it was reached at. */
async function makeSecureContext(address: string, root: Authority): Promise<SecureContext> {
  const {privateKey, publicKey} = await makeKeys()
  const own = namelessAddresses.includes(address) ? [] : [{type: 'ip', value: address} as const]
  const extensions = [
    ...leafExtensions(x509.ExtendedKeyUsage.serverAuth),
    new x509.SubjectAlternativeNameExtension([...servedNames, ...own]),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ]
  const subject = `CN=api.metadata.cloud.ibm.com, ${organization}`
  const certificate = await sign({subject, publicKey, extensions}, root)
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')
  return createSecureContext({key, cert: certificate.toString('pem')})
}

/** What a CSR may say of its subject: country, state, locality, organization, unit (ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md). */
const allowedAttributes = ['C', 'ST', 'L', 'O', 'OU']
const extensionRequest = '1.2.840.113549.1.9.14'

async function readRequest(csr: string): Promise<x509.Pkcs10CertificateRequest> {
  const refuse = (reason: string) =>
    refusedPart('field', 'csr', 'invalid_value', `The value provided for the \`csr\` field ${reason}.`, csr)
  let request: x509.Pkcs10CertificateRequest
  try {
    if (!csr.trimStart().startsWith('-----BEGIN')) throw new Error('It is no PEM.')
    request = new x509.Pkcs10CertificateRequest(csr)
  } catch {
    throw refuse('must be a certificate signing request in PEM format')
  }
  const signed = await request.verify().catch(() => false)
  if (!signed) throw refuse('must be signed with the private key of its public key')
  const names = request.subjectName.toJSON().flatMap(each => Object.keys(each))
  if (names.includes('CN')) throw refuse('must not have a common name')
  if (names.some(name => !allowedAttributes.includes(name))) {
    throw refuse('must have no other naming attributes than C, ST, L, O and OU')
  }
  if (request.attributes.some(({type}) => type === extensionRequest)) throw refuse('must not have extensions')
  return request
}

/** The attributes of a name, all as UTF-8: a bare text that begins with `#` is bytes to the library, and it takes quotes out of others. */
function attributesOf(name: x509.Name): x509.JsonNameParams {
  const asUtf8 = (values: string[]) => values.map(utf8String => ({utf8String}))
  return name
    .toJSON()
    .map(each => Object.fromEntries(Object.entries(each).map(([type, values]) => [type, asUtf8(values)])))
}

export type CertificateAuthority = Awaited<ReturnType<typeof makeCertificateAuthority>>

/**
 * Makes the sandbox's certificate authority: for TLS of the metadata service, and for identity certificates. Its keys never
 * leave the process. Writes its certificate to `given`, or into a new temporary folder. Rejects when it can't be written.
 */
export async function makeCertificateAuthority(
  given: string | undefined,
  write: (file: string, pem: string) => Promise<void> = writeFile,
) {
  const root = await makeAuthority('vpcmd sandbox CA')
  const file = given ?? join(mkdtempSync(join(tmpdir(), 'vpcmd-sandbox-')), 'ca.pem')
  await write(file, pemOf(root.certificate))
  const secureContexts = new Map<string, Promise<SecureContext>>()
  const identityAuthority = whenAsked(() => makeAuthority('vpcmd sandbox identity CA', root))
  return {
    /** Where its certificate is, for clients to trust. */
    file,
    /** For TLS at the IP address that the service was reached at. */
    secureContext(address: string): Promise<SecureContext> {
      const made = secureContexts.get(address) ?? makeSecureContext(address, root)
      secureContexts.set(address, made)
      return made
    },
    /** PEM chain for a CSR with `commonName` as its subject's, from `issuedAtMs` for `ttlSeconds`. Rejects with an ApiError for a CSR against the rules. */
    async issue(csr: string, commonName: string, issuedAtMs: number, ttlSeconds: number): Promise<string[]> {
      const {subjectName, publicKey} = await readRequest(csr)
      const authority = await identityAuthority()
      const subject = new x509.Name([...attributesOf(subjectName), {CN: [commonName]}])
      const extensions = leafExtensions(x509.ExtendedKeyUsage.clientAuth)
      const valid = {notBefore: new Date(issuedAtMs), notAfter: new Date(issuedAtMs + ttlSeconds * 1000)}
      const certificate = await sign({...valid, subject, publicKey, extensions}, authority)
      return [certificate, authority.certificate].map(pemOf)
    },
    /** Removes the temporary folder, if there is one. */
    close() {
      if (given === undefined) rmSync(dirname(file), {recursive: true, force: true})
    },
  }
}
