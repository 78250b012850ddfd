import {usageError} from '../errors.ts'
import {encodingOf} from '../files/read-input.ts'
import {parsedJson} from '../json-object.ts'

/** The path of the metadata service under which user data is (ibm-cloud-docs/vpc, instance_metadata_vpc_get_metadata.md). */
export const initializationPath = 'instance/initialization'

/** User data as the API takes it, which is text. `origin` is what it was read from. Throws a usage error for bytes that are not text. */
export function userDataIn(bytes: Uint8Array, origin: string): string {
  if (encodingOf(bytes) !== 'utf-8') {
    throw usageError(
      `The user data from ${origin} is text in UTF-16, which neither the API nor cloud-init accepts.`,
      'Save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8',
    )
  }
  try {
    // A byte order mark is data like any other.
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    throw usageError(
      `The user data from ${origin} is not text in UTF-8, and the API accepts nothing else.`,
      'cloud-init reads binary parts out of a MIME message, in base64.',
    )
  }
}

/** "The size limit of the User Data field (or file) is 64 K bytes" (ibm-cloud-docs/vpc, vsi_is_provisioning_scripts.md). */
const longestUserData = 64 * 1024

/** What is likely to keep user data from working at the first boot, in words. Throws a usage error for more than the API takes. */
export function checkUserData(userData: string, origin: string): string[] {
  const size = Buffer.byteLength(userData)
  if (size > longestUserData) {
    throw usageError(
      `The user data from ${origin} has ${size.toLocaleString('en')} bytes, and IBM Cloud takes at most ${longestUserData.toLocaleString('en')}.`,
      'Keep the large parts elsewhere, such as in Object Storage, and have cloud-init fetch them: #include, or runcmd with curl.',
    )
  }
  const hasMark = userData.startsWith('\uFEFF')
  // The kernel takes the carriage return for a part of the interpreter's name.
  const hasReturns = /^\uFEFF?#![^\n]*\r\n/.test(userData)
  const warnings = [
    hasMark &&
      `The user data from ${origin} starts with a byte order mark, so cloud-init won't recognize #cloud-config or #!. Save it as UTF-8 without a byte order mark, or take it off: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE`,
    hasReturns &&
      `The user data from ${origin} is a script with Windows line ends (CRLF), so Linux won't find its interpreter. Save it with LF, or convert it: sed -i 's/\\r$//' FILE`,
  ]
  return warnings.filter(warning => warning !== false)
}

/**
 * The user data in what `metadata collect` wrote, or in an answer of the metadata service. Throws a usage error where there
 * is none, or where there are several instances.
 */
export function userDataInMetadata(text: string, origin: string): string {
  const value = parsedJson(text)
  if (value === undefined) throw usageError(`${origin} is not JSON.`, 'It takes what vpcmd metadata collect wrote.')
  if (Array.isArray(value) && value.length > 1)
    throw usageError(`${origin} holds the metadata of ${value.length} instances.`)
  const outer = field(Array.isArray(value) ? value[0] : value, 'metadata')
  const inner = field(outer, initializationPath)
  const userData = objectOf(inner).user_data
  if (typeof userData === 'string') return userData
  throw usageError(
    `There is no user data in ${origin}.`,
    'The instance may have none. vpcmd metadata collect reads it.',
  )
}

/** What an object has under a name, or the object itself where it has no such field. */
function field(value: unknown, name: string): unknown {
  return objectOf(value)[name] ?? value
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? {...value} : {}
}
