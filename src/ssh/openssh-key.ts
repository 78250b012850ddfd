import {createDecipheriv, createPrivateKey, type KeyObject} from 'node:crypto'
import {VpcmdError} from '../errors.ts'

const begin = '-----BEGIN OPENSSH PRIVATE KEY-----'
const magic = 'openssh-key-v1\0'

/** Whether a private key is in OpenSSH's own format, which node:crypto does not read. */
export function isOpensshKey(text: string): boolean {
  return text.includes(begin)
}

/**
 * Reads an RSA key in OpenSSH's format (openssh-portable, PROTOCOL.key), with or without a passphrase; of ciphers it knows
 * aes256-ctr, which ssh-keygen uses. Throws VpcmdError: `passphrase_needed`, `wrong_passphrase`, or `bad_private_key`.
 */
export async function readOpensshKey(text: string, passphrase: string | undefined): Promise<KeyObject> {
  const base64 = text.slice(text.indexOf(begin) + begin.length, text.indexOf('-----END'))
  const outer = new Fields(Buffer.from(base64, 'base64'))
  if (outer.bytes(magic.length).toString('latin1') !== magic) throw unreadable('it is damaged')
  const [cipher, kdf] = [outer.text(), outer.text()]
  const options = new Fields(outer.field())
  if (outer.number() !== 1) throw unreadable('it holds more than one key')
  outer.field()
  const sealed = outer.field()
  const opened = cipher === 'none' ? sealed : await decrypt(sealed, {cipher, kdf, options, passphrase})
  const inner = new Fields(opened)
  const [check, again] = [inner.number(), inner.number()]
  // The same number twice: otherwise it was not the passphrase.
  if (check !== again) throw wrongPassphrase()
  const type = inner.text()
  if (type !== 'ssh-rsa') throw unreadable(`it is a key of type ${type}, and the password is encrypted with an RSA key`)
  const [n, e, d, qi, p, q] = Array.from({length: 6}, () => inner.unsigned()) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  const word = (bytes: Buffer) => bytes.toString('base64url')
  const exponent = (prime: Buffer) => toBytes(toNumber(d) % (toNumber(prime) - 1n))
  const jwk = {
    kty: 'RSA',
    n: word(n),
    e: word(e),
    d: word(d),
    p: word(p),
    q: word(q),
    dp: word(exponent(p)),
    dq: word(exponent(q)),
    qi: word(qi),
  }
  return createPrivateKey({key: jwk, format: 'jwk'})
}

interface Sealing {
  cipher: string
  kdf: string
  options: Fields
  passphrase: string | undefined
}

async function decrypt(sealed: Buffer, {cipher, kdf, options, passphrase}: Sealing): Promise<Buffer> {
  if (kdf !== 'bcrypt' || cipher !== 'aes256-ctr') throw unreadable(`its encryption ${cipher} is not known`)
  if (passphrase === undefined) throw passphraseNeeded()
  const {default: bcrypt} = await import('bcrypt-pbkdf')
  const [pass, salt, rounds] = [Buffer.from(passphrase), options.field(), options.number()]
  // The AES key, and after it the first counter.
  const secret = Buffer.alloc(32 + 16)
  if (bcrypt.pbkdf(pass, pass.length, salt, salt.length, secret, secret.length, rounds) !== 0) throw wrongPassphrase()
  const decipher = createDecipheriv('aes-256-ctr', secret.subarray(0, 32), secret.subarray(32))
  return Buffer.concat([decipher.update(sealed), decipher.final()])
}

/** The fields of a key, one after the other: numbers of 32 bits, and bytes with their length before them (RFC 4251, 5). */
class Fields {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  bytes(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw unreadable('it is damaged')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  number(): number {
    return this.bytes(4).readUInt32BE()
  }

  field(): Buffer {
    return this.bytes(this.number())
  }

  text(): string {
    return this.field().toString('latin1')
  }

  /** A positive number, without the zero that keeps its sign. */
  unsigned(): Buffer {
    const field = this.field()
    return field[0] === 0 ? field.subarray(1) : field
  }
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex') || '0'}`)
}

function toBytes(number: bigint): Buffer {
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
}

/** The error of a key that can't be used, and why. */
export function unreadable(why: string): VpcmdError {
  return new VpcmdError({
    code: 'bad_private_key',
    message: `The private key can't be used: ${why}.`,
    hint: 'It takes the RSA key whose public half the instance was made with, as PEM or in the format of OpenSSH.',
  })
}

/** The error of a key that has a passphrase, which nobody gave. */
export function passphraseNeeded(): VpcmdError {
  return new VpcmdError({
    code: 'passphrase_needed',
    message: 'The private key has a passphrase.',
    hint: 'Run it on a terminal, or pass --passphrase-file FILE.',
  })
}

/** The error of a passphrase that does not open the key. */
export function wrongPassphrase(): VpcmdError {
  return new VpcmdError({code: 'wrong_passphrase', message: 'The passphrase does not open the private key.'})
}
