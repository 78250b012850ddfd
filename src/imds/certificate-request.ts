import {createSign, generateKeyPair} from 'node:crypto'
import {promisify} from 'node:util'

/** A new RSA key of 2048 bits (PKCS #8), and a certificate signing request by it, both as PEM. */
export async function newCertificateRequest(organization: string): Promise<{key: string; csr: string}> {
  const {privateKey, publicKey} = await promisify(generateKeyPair)('rsa', {modulusLength: 2048})
  // RFC 2986. The subject is one organization name and there are no attributes: the service refuses a common name and
  // any extension (ibm-cloud-docs/vpc, imd-identity-operations).
  const name = sequence(set(sequence(objectId(2, 5, 4, 10), utf8String(organization))))
  const info = sequence(integer(0), name, publicKey.export({type: 'spki', format: 'der'}), der(0xa0))
  const signature = createSign('sha256').update(info).sign(privateKey)
  // sha256WithRSAEncryption with its NULL parameter (RFC 4055).
  const algorithm = sequence(objectId(1, 2, 840, 113549, 1, 1, 11), der(0x05))
  const request = sequence(info, algorithm, bitString(signature))
  const lines = request.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({type: 'pkcs8', format: 'pem'}).toString(),
    csr: ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join('\n'),
  }
}

// The little of DER (ITU-T X.690) that a request takes.

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const bytes: number[] = []
  for (let rest = content.length; rest > 0; rest = rest >> 8) bytes.unshift(rest & 0xff)
  const length = content.length < 0x80 ? [content.length] : [0x80 | bytes.length, ...bytes]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

const sequence = (...contents: Buffer[]) => der(0x30, ...contents)
const set = (...contents: Buffer[]) => der(0x31, ...contents)
const integer = (value: number) => der(0x02, Buffer.from([value]))
const utf8String = (text: string) => der(0x0c, Buffer.from(text))
const bitString = (content: Buffer) => der(0x03, Buffer.from([0]), content)

function objectId(first: number, second: number, ...others: number[]): Buffer {
  const arcs = others.map(arc => {
    const digits = [arc & 0x7f]
    for (let rest = arc >> 7; rest > 0; rest = rest >> 7) digits.unshift(0x80 | (rest & 0x7f))
    return Buffer.from(digits)
  })
  return der(0x06, Buffer.from([40 * first + second]), ...arcs)
}
