import 'reflect-metadata'
import {mkdtempSync, rmSync} from 'node:fs'
import {writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {createSecureContext, type SecureContext} from 'node:tls'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonNameParams,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type {CertificateIssuer} from './metadata-environment.ts'
import {invalidValue} from './metadata-request.ts'

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
const dayMs = 86_400_000

const servedNames = [
  {type: 'dns', value: 'api.metadata.cloud.ibm.com'},
  {type: 'dns', value: 'localhost'},
  {type: 'ip', value: '127.0.0.1'},
] as const

// Over https the real service has its host name only.
const namelessAddress = '169.254.169.254'

interface Authority {
  certificate: X509Certificate
  keys: CryptoKeyPair
}

type CryptoKeyPair = Awaited<ReturnType<typeof makeKeys>>

async function makeKeys() {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function makeAuthority(commonName: string, parent?: Authority): Promise<Authority> {
  const keys = await makeKeys()
  const issuer = parent ?? {certificate: undefined, keys}
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${commonName}, O=vpcmd sandbox`,
    issuer: issuer.certificate?.subject ?? `CN=${commonName}, O=vpcmd sandbox`,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 365 * dayMs),
    extensions: [
      new BasicConstraintsExtension(true, parent === undefined ? 1 : 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...(await keyIdentifiers(keys, issuer.keys)),
    ],
  })
  return {certificate, keys}
}

async function keyIdentifiers(own: CryptoKeyPair, issuer: CryptoKeyPair): Promise<Extension[]> {
  return [
    await SubjectKeyIdentifierExtension.create(own.publicKey),
    await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
  ]
}

/** What a CSR may say of its subject: country, state, locality, organization, unit (ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md). */
const allowedAttributes = new Set(['C', 'ST', 'L', 'O', 'OU'])
const extensionRequest = '1.2.840.113549.1.9.14'

async function readRequest(csr: string): Promise<Pkcs10CertificateRequest> {
  const refuse = (reason: string) => invalidValue('csr', `The value provided for the \`csr\` field ${reason}.`, csr)
  let request: Pkcs10CertificateRequest
  try {
    if (!csr.trimStart().startsWith('-----BEGIN')) throw new Error('It is no PEM.')
    request = new Pkcs10CertificateRequest(csr)
  } catch {
    throw refuse('must be a certificate signing request in PEM format')
  }
  const signed = await request.verify().catch(() => false)
  if (!signed) throw refuse('must be signed with the private key of its public key')
  const unfit = request.subjectName
    .toJSON()
    .flatMap(each => Object.keys(each).filter(name => !allowedAttributes.has(name)))
  if (unfit.includes('CN')) throw refuse('must not have a common name')
  if (unfit.length > 0) throw refuse('must have no other naming attributes than C, ST, L, O and OU')
  if (request.attributes.some(({type}) => type === extensionRequest)) throw refuse('must not have extensions')
  return request
}

/** The attributes of a name, all as UTF-8: a bare text that begins with `#` is bytes to the library, and it takes quotes out of others. */
function attributesOf(name: Name): JsonNameParams {
  return name
    .toJSON()
    .map(each =>
      Object.fromEntries(
        Object.entries(each).map(([type, values]) => [type, values.map(utf8String => ({utf8String}))]),
      ),
    )
}

/** The sandbox's certificate authority: for TLS of the metadata service, and for identity certificates. Its keys never leave the process. */
export class CertificateAuthority implements CertificateIssuer {
  /** Where its certificate is, for clients to trust. */
  readonly file: string
  readonly #root: Authority
  readonly #temporary: string | undefined
  readonly #secureContexts = new Map<string, Promise<SecureContext>>()
  #identityAuthority: Promise<Authority> | undefined

  private constructor(root: Authority, file: string, temporary: string | undefined) {
    this.#root = root
    this.file = file
    this.#temporary = temporary
  }

  /** Makes one, and writes its certificate to `file`, or into a new temporary folder. Rejects when it can't be written. */
  static async make(
    file: string | undefined,
    write: (file: string, pem: string) => Promise<void> = writeFile,
  ): Promise<CertificateAuthority> {
    const root = await makeAuthority('vpcmd sandbox CA')
    const chosen = file ?? join(mkdtempSync(join(tmpdir(), 'vpcmd-sandbox-')), 'ca.pem')
    await write(chosen, `${root.certificate.toString('pem')}\n`)
    return new CertificateAuthority(root, chosen, file === undefined ? dirname(chosen) : undefined)
  }

  /** Key and certificate of the metadata service, for the names that it is reached by and the IP address that it was reached at. */
  secureContext(address: string): Promise<SecureContext> {
    const made = this.#secureContexts.get(address) ?? this.#makeSecureContext(address)
    this.#secureContexts.set(address, made)
    return made
  }

  async issue(csr: string, commonName: string, issuedAtMs: number, ttlSeconds: number): Promise<string[]> {
    const request = await readRequest(csr)
    this.#identityAuthority ??= makeAuthority('vpcmd sandbox identity CA', this.#root)
    const authority = await this.#identityAuthority
    const certificate = await X509CertificateGenerator.create({
      subject: new Name([...attributesOf(request.subjectName), {CN: [commonName]}]),
      issuer: authority.certificate.subject,
      publicKey: request.publicKey,
      signingKey: authority.keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore: new Date(issuedAtMs),
      notAfter: new Date(issuedAtMs + ttlSeconds * 1000),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
        await AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      ],
    })
    return [certificate, authority.certificate].map(each => `${each.toString('pem')}\n`)
  }

  /** Removes the temporary folder, if there is one. */
  close(): void {
    if (this.#temporary !== undefined) rmSync(this.#temporary, {recursive: true, force: true})
  }

  async #makeSecureContext(address: string): Promise<SecureContext> {
    const keys = await makeKeys()
    const own = [namelessAddress, '127.0.0.1'].includes(address) ? [] : [{type: 'ip', value: address} as const]
    const certificate = await X509CertificateGenerator.create({
      subject: 'CN=api.metadata.cloud.ibm.com, O=vpcmd sandbox',
      issuer: this.#root.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.#root.keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() - dayMs),
      notAfter: new Date(Date.now() + 364 * dayMs),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([...servedNames, ...own]),
        ...(await keyIdentifiers(keys, this.#root.keys)),
      ],
    })
    const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
    return createSecureContext({
      key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
      cert: certificate.toString('pem'),
    })
  }
}
