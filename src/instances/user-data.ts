import {usageError} from '../errors.ts'
import {encodingOf} from '../files/read-input.ts'

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

/**
 * The user data in what `metadata collect` wrote, or in an answer of the metadata service. Throws a usage error where there
 * is none, or where there are several instances.
 */
export function userDataInMetadata(text: string, origin: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw usageError(`${origin} is not JSON.`, 'It takes what vpcmd metadata collect wrote.')
  }
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
