import {linkLocalAddress, metadataHost} from '../cloud/transport.ts'
import {usageError} from '../errors.ts'

export {linkLocalAddress, metadataHost} from '../cloud/transport.ts'

/** Where the service may be, in order of preference: it speaks one of the two protocols, never both. */
export const knownEndpoints = [
  `https://${metadataHost}`,
  `http://${metadataHost}`,
  `http://${linkLocalAddress}`,
] as const

/** The known endpoints in the order to try them: those of the given protocol first. */
export function endpointsFor(protocol: string | undefined): string[] {
  const isGiven = (endpoint: string) => endpoint.startsWith(`${protocol}:`)
  return [...knownEndpoints.filter(isGiven), ...knownEndpoints.filter(endpoint => !isGiven(endpoint))]
}

/** The two generations of the identity API, newest first, each with a version date under which it answers (ibm-cloud-docs/vpc, api-identity-change-log.md). */
export const generations = [
  {
    version: '2025-08-26',
    token: '/identity/v1/token',
    iamToken: '/identity/v1/iam_tokens',
    certificates: '/identity/v1/certificates',
  },
  {
    version: '2022-03-01',
    token: '/instance_identity/v1/token',
    iamToken: '/instance_identity/v1/iam_token',
    certificates: '/instance_identity/v1/certificates',
  },
] as const

export type Generation = (typeof generations)[number]

/** The origin of a URL from the user, without a slash at its end. Throws a usage error unless it is http or https with a host and perhaps a port. */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.hash
  // A URL's host may hold quotes.
  const isHost = url && /^([\w.-]+|\[[\da-f:.]+\])$/.test(url.hostname)
  if (text.includes('@')) throw usageError('--endpoint may not hold a user.')
  if (!url || !isPlain || !isHost) {
    throw usageError(
      `--endpoint ${text} is not the URL of a metadata service.`,
      `It is a protocol, a host and perhaps a port, such as http://${linkLocalAddress}.`,
    )
  }
  return url.origin
}

/**
 * A path of the metadata API as it stands after `/metadata/v1/`: `instance/initialization` for that and for
 * `/metadata/v1/instance/initialization`. Throws a usage error for a text that can't be a path.
 */
export function parseMetadataPath(text: string): string {
  const path = text.replace(/^\/?(metadata\/v1(\/|$))?/, '').replace(/\/$/, '')
  const isPath = path.split('/').every(segment => /^[\w.~-]+$/.test(segment) && !/^\.\.?$/.test(segment))
  if (!isPath) {
    throw usageError(
      `${text === '' ? 'An empty text' : text} is not a path of the metadata API.`,
      'It is one such as instance, instance/initialization, keys or instance/volume_attachments/ID.',
    )
  }
  return path
}
