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
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import {refusedPart} from './metadata-error.ts'

const algorithm = {name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256'}
const dayMs = 86_400_000
const organization = 'O=vpcmd sandbox'

const servedNames = [
  {type: 'dns', value: 'api.metadata.cloud.ibm.com'},
  {type: 'dns', value: 'localhost'},
  {type: 'ip', value: '127.0.0.1'},
] as const

// Over https the real service has its host name only.
const namelessAddress = '169.254.169.254'

type Keys = Awaited<ReturnType<typeof makeKeys>>

interface Authority {
  certificate: X509Certificate
  keys: Keys
}

const makeKeys = () => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const pemOf = (certificate: X509Certificate) => `${certificate.toString('pem')}\n`

interface Wanted {
  subject: string | Name
  publicKey: Keys['publicKey'] | Pkcs10CertificateRequest['publicKey']
  /** In days from now, or the first and last moment of the validity. */
  valid: number | [fromMs: number, untilMs: number]
  extensions: Extension[]
}

/** A certificate that `issuer` signs; without one it signs itself with `keys`. */
async function sign(
  {subject, publicKey, valid, extensions}: Wanted,
  keys: Keys,
  issuer?: X509Certificate,
): Promise<X509Certificate> {
  const now = Date.now()
  const [from, until] = typeof valid === 'number' ? [now - dayMs, now + valid * dayMs] : valid
  return X509CertificateGenerator.create({
    subject,
    issuer: issuer?.subject ?? subject,
    publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(from),
    notAfter: new Date(until),
    extensions: [...extensions, await AuthorityKeyIdentifierExtension.create(keys.publicKey)],
  })
}

async function makeAuthority(commonName: string, parent?: Authority): Promise<Authority> {
  const keys = await makeKeys()
  const extensions = [
    new BasicConstraintsExtension(true, parent === undefined ? 1 : 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(keys.publicKey),
  ]
  const wanted = {subject: `CN=${commonName}, ${organization}`, publicKey: keys.publicKey, valid: 365, extensions}
  return {certificate: await sign(wanted, parent?.keys ?? keys, parent?.certificate), keys}
}

/** What a CSR may say of its subject: country, state, locality, organization, unit (ibm-cloud-docs/vpc instance_metadata_vpc_identity_operations.md). */
const allowedAttributes = new Set(['C', 'ST', 'L', 'O', 'OU'])
const extensionRequest = '1.2.840.113549.1.9.14'

async function readRequest(csr: string): Promise<Pkcs10CertificateRequest> {
  const refuse = (reason: string) =>
    refusedPart('field', 'csr', 'invalid_value', `The value provided for the \`csr\` field ${reason}.`, csr)
  let request: Pkcs10CertificateRequest
  try {
    if (!csr.trimStart().startsWith('-----BEGIN')) throw new Error('It is no PEM.')
    request = new Pkcs10CertificateRequest(csr)
  } catch {
    throw refuse('must be a certificate signing request in PEM format')
  }
  const signed = await request.verify().catch(() => false)
  if (!signed) throw refuse('must be signed with the private key of its public key')
  const names = request.subjectName.toJSON().flatMap(each => Object.keys(each))
  const unfit = names.filter(name => !allowedAttributes.has(name))
  if (unfit.includes('CN')) throw refuse('must not have a common name')
  if (unfit.length > 0) throw refuse('must have no other naming attributes than C, ST, L, O and OU')
  if (request.attributes.some(({type}) => type === extensionRequest)) throw refuse('must not have extensions')
  return request
}

/** The attributes of a name, all as UTF-8: a bare text that begins with `#` is bytes to the library, and it takes quotes out of others. */
function attributesOf(name: Name): JsonNameParams {
  const asUtf8 = (values: string[]) => values.map(utf8String => ({utf8String}))
  return name
    .toJSON()
    .map(each => Object.fromEntries(Object.entries(each).map(([type, values]) => [type, asUtf8(values)])))
}

/** The sandbox's certificate authority: for TLS of the metadata service, and for identity certificates. Its keys never leave the process. */
export class CertificateAuthority {
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
    await write(chosen, pemOf(root.certificate))
    return new CertificateAuthority(root, chosen, file === undefined ? dirname(chosen) : undefined)
  }

  /** Key and certificate of the metadata service, for the names that it is reached by and the IP address that it was reached at. */
  secureContext(address: string): Promise<SecureContext> {
    const made = this.#secureContexts.get(address) ?? this.#makeSecureContext(address)
    this.#secureContexts.set(address, made)
    return made
  }

  /** PEM chain for `csr`: see MetadataCloud.issueCertificate. */
  async issue(csr: string, commonName: string, issuedAtMs: number, ttlSeconds: number): Promise<string[]> {
    const {subjectName, publicKey} = await readRequest(csr)
    this.#identityAuthority ??= makeAuthority('vpcmd sandbox identity CA', this.#root)
    const {certificate, keys} = await this.#identityAuthority
    const issued = await sign(
      {
        subject: new Name([...attributesOf(subjectName), {CN: [commonName]}]),
        publicKey,
        valid: [issuedAtMs, issuedAtMs + ttlSeconds * 1000],
        extensions: leafExtensions(ExtendedKeyUsage.clientAuth),
      },
      keys,
      certificate,
    )
    return [issued, certificate].map(pemOf)
  }

  /** Removes the temporary folder, if there is one. */
  close(): void {
    if (this.#temporary !== undefined) rmSync(this.#temporary, {recursive: true, force: true})
  }

  async #makeSecureContext(address: string): Promise<SecureContext> {
    const {privateKey, publicKey} = await makeKeys()
    const own = [namelessAddress, '127.0.0.1'].includes(address) ? [] : [{type: 'ip', value: address} as const]
    const extensions = [
      ...leafExtensions(ExtendedKeyUsage.serverAuth),
      new SubjectAlternativeNameExtension([...servedNames, ...own]),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ]
    const subject = `CN=api.metadata.cloud.ibm.com, ${organization}`
    const {keys, certificate: issuer} = this.#root
    const certificate = await sign({subject, publicKey, valid: 364, extensions}, keys, issuer)
    const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')
    return createSecureContext({key, cert: certificate.toString('pem')})
  }
}

function leafExtensions(usage: ExtendedKeyUsage): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage]),
  ]
}
