import {constants, createPrivateKey, type KeyObject, privateDecrypt} from 'node:crypto'
import type {SealedPassword} from '../cloud/readers/resources.ts'
import {VpcmdError} from '../errors.ts'

/**
 * Reads an RSA private key: PEM (PKCS #1 or #8) or OpenSSH's format, with or without a passphrase. Throws VpcmdError:
 * `passphrase_needed`, `wrong_passphrase`, or `bad_private_key` with the reason.
 */
export async function readPrivateKey(text: string, passphrase: string | undefined): Promise<KeyObject> {
  const isOpenssh = text.includes('-----BEGIN OPENSSH PRIVATE KEY-----')
  return isOpenssh ? readOpensshKey(text, passphrase) : readPem(text, passphrase)
}

function readPem(text: string, passphrase: string | undefined): KeyObject {
  // What Node says of a missing passphrase differs between its versions. RFC 1421, 4.6.1.1, and RFC 7468, 11.
  const isLocked = /^(Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED PRIVATE KEY-----)/m.test(text)
  if (isLocked && passphrase === undefined) throw passphraseNeeded()
  let key: KeyObject
  try {
    key = createPrivateKey({key: text, format: 'pem', passphrase})
  } catch {
    throw isLocked ? wrongPassphrase() : unusableKey('it is no private key in PEM or in the format of OpenSSH')
  }
  checkType(key.asymmetricKeyType)
  return key
}

/** Reads a key in OpenSSH's own format (openssh-portable, PROTOCOL.key), which node:crypto does not read. */
async function readOpensshKey(text: string, passphrase: string | undefined): Promise<KeyObject> {
  const {default: sshpk} = await import('sshpk')
  try {
    const key = sshpk.parsePrivateKey(text, 'openssh', {passphrase})
    checkType(key.type)
    return createPrivateKey(key.toString('pkcs8'))
  } catch (error) {
    if (error instanceof VpcmdError) throw error
    if (error instanceof sshpk.KeyEncryptedError) throw passphraseNeeded()
    if (error instanceof Error && /Incorrect passphrase/.test(error.message)) throw wrongPassphrase()
    throw unusableKey('it is damaged, or its encryption is not known')
  }
}

function checkType(type: string | undefined): void {
  if (type !== 'rsa') throw unusableKey(`it is a key of type ${type}, and the password is encrypted with an RSA key`)
}

function unusableKey(why: string): VpcmdError {
  return new VpcmdError({
    code: 'bad_private_key',
    message: `The private key can't be used: ${why}.`,
    hint: 'It takes the RSA key whose public half the instance was made with, as PEM or in the format of OpenSSH.',
  })
}

function passphraseNeeded(): VpcmdError {
  return new VpcmdError({
    code: 'passphrase_needed',
    message: 'The private key has a passphrase.',
    hint: 'Run it on a terminal, or pass --passphrase-file FILE.',
  })
}

function wrongPassphrase(): VpcmdError {
  return new VpcmdError({code: 'wrong_passphrase', message: 'The passphrase does not open the private key.'})
}

/**
 * The administrator's password of a Windows instance. It is encrypted with PKCS #1 v1.5 (IBM-Cloud/terraform-provider-ibm,
 * data_source_ibm_is_instance.go, reads it with DecryptPKCS1v15). This removes the padding itself, because some versions of
 * Node refuse to (CVE-2023-46809); nobody can measure how long it takes. Throws VpcmdError for a key that it was not
 * encrypted for.
 */
export function decryptPassword(key: KeyObject, {encrypted, fingerprint}: SealedPassword): string {
  const sealed = Buffer.from(encrypted, 'base64')
  let padded: Buffer
  try {
    padded = privateDecrypt({key, padding: constants.RSA_NO_PADDING}, sealed)
  } catch {
    throw wrongKey(fingerprint)
  }
  const end = padded.indexOf(0, 2)
  if (padded[0] !== 0 || padded[1] !== 2 || end < 10) throw wrongKey(fingerprint)
  return padded.subarray(end + 1).toString('utf8')
}

function wrongKey(fingerprint: string | undefined): VpcmdError {
  return new VpcmdError({
    code: 'wrong_private_key',
    message: `This private key does not open the password: it is encrypted for ${fingerprint ?? 'another one'}.`,
    hint: 'ssh-keygen -l -f FILE prints the fingerprint of a key.',
  })
}
