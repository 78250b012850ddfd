import type {Context} from 'hono'
import type {z} from 'zod'
import {ApiError} from '../core/api-error.ts'
import {isNestedTooDeep} from '../core/body-limits.ts'
import {bearerOf, isDate} from '../core/front-door.ts'
import {isIdentityToken} from './identity-token.ts'
import type {MetadataContext, MetadataSubject} from './metadata-environment.ts'
import {noSuchPath, refusedPart} from './metadata-error.ts'

const firstVersion = '2022-03-01'
/** From this version on the paths below `/instance_identity` are gone (ibm-cloud-docs/vpc api-identity-change-log.md, 26 August 2025). */
const versionWithoutOldPaths = '2025-08-26'

/**
 * Throws 400 where `version` (YYYY-MM-DD, 2022-03-01 to today) is missing or wrong, or where there are parameters other
 * than it and `alsoAllowed`; 404 for an old path with a new version.
 */
export function checkQuery(c: Context, now: number, alsoAllowed: readonly string[] = []): void {
  const query = c.req.query()
  const {version} = query
  if (!version) {
    const message = 'The `version` query parameter is required, and it must be of the form `YYYY-MM-DD`.'
    throw refusedPart('parameter', 'version', 'missing_value', message)
  }
  if (!isDate(version)) {
    const message = 'The `version` query parameter must be a date of the form `YYYY-MM-DD`.'
    throw refusedPart('parameter', 'version', 'invalid_value', message, version)
  }
  const today = new Date(now).toISOString().slice(0, 10)
  if (version < firstVersion || version > today) {
    const message = `The \`version\` query parameter must be between \`${firstVersion}\` and \`${today}\`.`
    throw refusedPart('parameter', 'version', 'invalid_version_range', message, version)
  }
  if (c.req.path.startsWith('/instance_identity/') && version >= versionWithoutOldPaths) throw noSuchPath(c.req.path)
  const unknown = Object.keys(query).find(name => name !== 'version' && !alsoAllowed.includes(name))
  if (unknown !== undefined) {
    const message = `Unknown query parameter \`${unknown}\` was specified.`
    throw refusedPart('parameter', unknown, 'unknown_field', message, query[unknown] || undefined)
  }
}

/**
 * The subject of a request with its identity token. Rejects as checkQuery does, with 400 without an Authorization header,
 * as for any missing header, and with 401 for one that has no good token of this instance.
 */
export async function authorize(
  c: MetadataContext,
  now: number,
  alsoAllowed?: readonly string[],
): Promise<MetadataSubject> {
  checkQuery(c, now, alsoAllowed)
  if (!c.req.header('authorization')) {
    const message = 'An instance identity token must be provided in the `Authorization` header.'
    throw refusedPart('header', 'Authorization', 'missing_value', message)
  }
  const subject = c.get('subject')
  const token = bearerOf(c)
  if (token !== undefined && (await isIdentityToken(token, subject.record.id, now / 1000))) return subject
  throw new ApiError(401, 'unauthenticated', 'The provided token is invalid or expired.', {
    name: 'Authorization',
    type: 'header',
  })
}

/** In bytes, more than any body that an operation takes. No source says where IBM's limit is. */
const longestBody = 64 * 1024

/** Reads a body with a schema, whose messages become the refusals'; an empty body is `{}`. Any content type will do: IBM's curl samples send none. */
export async function readBody<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  const refuse = (message: string) => new ApiError(400, 'invalid_request', message)
  const text = await c.req.text()
  if (Buffer.byteLength(text) > longestBody) throw refuse('The request body is too large.')
  if (isNestedTooDeep(text)) throw refuse('The request body is nested too deeply.')
  let value: unknown
  try {
    value = text.trim() === '' ? {} : JSON.parse(text)
  } catch {
    throw refuse('The request body was malformed.')
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const {issues} = read.error
  const issue = issues.find(each => each.code === 'unrecognized_keys') ?? issues[0]
  if (issue === undefined || (issue.path.length === 0 && issue.code !== 'unrecognized_keys')) {
    throw refuse('The request body was malformed.')
  }
  if (issue.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys
    const message = `Unknown property \`${name}\` was specified in the request body.`
    throw refusedPart('field', [...issue.path, name].join('.'), 'unknown_field', message)
  }
  const given = issue.path.reduce<unknown>((each, key) => (each as Record<PropertyKey, unknown>)[key], value)
  throw refusedPart('field', issue.path.join('.'), 'invalid_value', issue.message, given)
}
