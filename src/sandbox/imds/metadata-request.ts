import {randomUUID} from 'node:crypto'
import type {HttpBindings} from '@hono/node-server'
import type {Context} from 'hono'
import type {z} from 'zod'
import {ApiError, type ErrorTarget} from '../core/api-error.ts'
import {isNestedTooDeep} from '../core/body-limits.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {isDate} from '../core/front-door.ts'
import type {InstanceRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import type {FleetStore} from '../fleet/fleet.ts'
import type {CertificateAuthority} from './certificate-authority.ts'

/** The server whose metadata service is called, and all that the answers are made of. */
export interface MetadataSubject {
  /** A bare metal server has an identity, and no metadata of its own to read. */
  kind: 'bare-metal-server' | 'instance'
  record: InstanceRecord
  fleet: FleetStore
  /** Epoch milliseconds. */
  now: number
  transitionMs: number
}

/** What a request to a metadata service carries: the address that it came in by decides on the subject, never its content. */
export interface MetadataEnvironment {
  Bindings: HttpBindings
  Variables: {subject: MetadataSubject}
}

export type MetadataContext = Context<MetadataEnvironment>

export interface MetadataCloud extends Omit<SimulatedCloud, 'actions'> {
  /** The CA, loaded when it is first asked for. */
  certificates: () => Promise<CertificateAuthority>
  /** How long an IAM token is good, in seconds. */
  iamTokenTtlSeconds: number
  /** The sandbox's own URL: base of the issuer of IAM tokens. */
  url: string
}

/**
 * The metadata and identity services' answer for anything thrown: `{errors: [{code, message, more_info, target?}],
 * status_code, trace}`. What is no ApiError is 500 `service_error`. Codes, statuses and, where it gives one, the wording:
 * ibm-cloud-docs/vpc metadata-error-codes.md.
 */
export function metadataErrorAnswer(error: unknown): Response {
  const refusal = error instanceof ApiError ? error : new ApiError(500, 'service_error', 'An internal error occurred.')
  const {status, code, message, target} = refusal
  // The page's one anchor with an underscore.
  const anchor = code === 'unknown_field' ? code : code.replaceAll('_', '-')
  const page = 'https://cloud.ibm.com/docs/vpc?topic=vpc-instance-metadata-error-codes'
  const described = {code, message, more_info: `${page}#${anchor}-error-code`, target}
  return Response.json({errors: [described], status_code: status, trace: randomUUID()}, {status})
}

/** 400 for a part of a request. */
export function refusedPart(
  type: ErrorTarget['type'],
  name: string,
  code: string,
  message: string,
  value?: unknown,
): ApiError {
  const shown = typeof value === 'string' ? value : JSON.stringify(value)
  return new ApiError(400, code, message, {name, type, ...(shown !== undefined && {value: shown.slice(0, 200)})})
}

/** 404 for a path that no operation has. Not in IBM's list of codes: worded by analogy. */
export function noSuchPath(path: string): ApiError {
  const target = {name: 'path', type: 'parameter', value: path} as const
  return new ApiError(404, 'not_found', 'The requested path was not found.', target)
}

const firstVersion = '2022-03-01'
/** From this version on the paths below `/instance_identity` are gone (ibm-cloud-docs/vpc api-identity-change-log.md, 26 August 2025). */
const versionWithoutOldPaths = '2025-08-26'

/**
 * Throws 400 where `version` (YYYY-MM-DD, 2022-03-01 to today) is missing or wrong, or where there are parameters other
 * than it and `alsoAllowed`; 404 for an old path with a new version.
 */
export function checkQuery(c: MetadataContext, alsoAllowed: readonly string[] = []): void {
  const query = c.req.query()
  const {version} = query
  const refuse = (code: string, what: string) =>
    refusedPart('parameter', 'version', code, `The \`version\` query parameter ${what}.`, version || undefined)
  if (!version) throw refuse('missing_value', 'is required, and it must be of the form `YYYY-MM-DD`')
  if (!isDate(version)) throw refuse('invalid_value', 'must be a date of the form `YYYY-MM-DD`')
  const today = isoTime(c.get('subject').now).slice(0, 10)
  if (version < firstVersion || version > today) {
    throw refuse('invalid_version_range', `must be between \`${firstVersion}\` and \`${today}\``)
  }
  if (c.req.path.startsWith('/instance_identity/') && version >= versionWithoutOldPaths) throw noSuchPath(c.req.path)
  const unknown = Object.keys(query).find(name => name !== 'version' && !alsoAllowed.includes(name))
  if (unknown !== undefined) {
    const message = `Unknown query parameter \`${unknown}\` was specified.`
    throw refusedPart('parameter', unknown, 'unknown_field', message, query[unknown] || undefined)
  }
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
