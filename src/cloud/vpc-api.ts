import {type AuthenticatorInterface, BaseService, type UserOptions} from 'ibm-cloud-sdk-core'
import {mediaTypeOf, type Operation, type OperationName, operations} from './operations.ts'
import type {Page} from './readers/page.ts'
import type {SdkAdapter} from './sdk-adapter.ts'

/**
 * The API version that vpcmd is tested with. IBM/vpc-node-sdk documents 2025-12-09 to 2026-03-25; a date that moves
 * with the calendar breaks clients (IBM/packer-plugin-ibmcloud#43).
 */
export const apiVersion = '2026-03-24'

type Table = typeof operations

/** The names in braces. */
type InPath<Path> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | InPath<Rest> : never
type Query<Of> = Of extends {query: infer Q} ? {[Name in keyof Q]?: Name extends 'limit' ? number : string} : unknown
type Body<Of> = Of extends {body: infer B}
  ? {[Name in keyof B]: B[Name] extends {takes?: infer T} ? T : never}
  : unknown
type Headers<Of> = Of extends {headers: infer H} ? {[Name in keyof H]?: string} : unknown

/** What a call takes. */
export type ParamsOf<Name extends OperationName> = {[P in InPath<Table[Name]['path']>]: string} & Query<Table[Name]> &
  Body<Table[Name]> &
  Headers<Table[Name]> &
  CallControls

/** What decides when a call is sent, and is no part of it. */
export interface CallControls {
  /** Calls a reading off at once, and a change between two tries. */
  signal?: AbortSignal
  /** Awaited before each try, once the rate limiter has let it in: what it throws ends the call, unsent. */
  onTurn?(): Promise<unknown>
}

/** What a call gives: a page of rows, or one thing, as their readers have read it. */
export type ResultOf<Name extends OperationName> = Table[Name] extends {readRow(...args: never[]): infer Row}
  ? Page<Row>
  : Table[Name] extends {read(...args: never[]): infer Result}
    ? Exclude<Result, undefined>
    : never

export interface Answer<T> {
  result: T
  /** Where the API gave one: it does for GET, POST and PATCH of an instance, not in a list. */
  etag?: string
}

type Arguments<Params> = Record<never, never> extends Params ? [params?: Params] : [params: Params]

/** The VPC API of a region: each call of the table. They throw VpcmdError. */
export type VpcApi = {
  [Name in OperationName]: (...args: Arguments<ParamsOf<Name>>) => Promise<Answer<ResultOf<Name>>>
}

/** What comes back of one request, unread. */
export interface SdkAnswer {
  result: unknown
  headers: Record<string, unknown>
}

/** Sends a request for a call, once, with the parameters as they are named in the table. */
export type SendOnce = (name: OperationName, params: Record<string, unknown>) => Promise<SdkAnswer>

export interface SdkChoice {
  /** What `--debug` says is in use. */
  description: string
  /** Makes the client of a service URL, whose requests go through the adapter. */
  create(options: {authenticator: AuthenticatorInterface; serviceUrl: string; adapter: SdkAdapter}): SendOnce
}

type Sdk = BaseService & Partial<Record<OperationName, (params: object) => Promise<SdkAnswer>>>
type SdkConstructor = new (options: UserOptions & {version: string; generation: number}) => Sdk

/**
 * Picks the SDK: IBM's own `ibm-vpc` where it is installed, else the requests are made of the table of calls.
 * `VPCMD_SDK=builtin` in `env` forces the latter. Throws what importing an installed but broken `ibm-vpc` throws.
 */
export async function chooseSdk(env: NodeJS.ProcessEnv): Promise<SdkChoice> {
  const Official = env.VPCMD_SDK === 'builtin' ? undefined : await importOfficial()
  return {
    description: Official ? 'ibm-vpc' : 'builtin (on ibm-cloud-sdk-core)',
    create({adapter, ...options}) {
      const service = Official
        ? new Official({...options, version: apiVersion, generation: 2})
        : new BuiltinVpc(options)
      service.getHttpClient().defaults.adapter = adapter
      if (service instanceof BuiltinVpc) return (name, params) => service.send(operations[name], params)
      return async (name, params) => {
        const call = service[name]
        if (!call) throw new Error(`ibm-vpc has no ${name}`)
        return call.call(service, params)
      }
    },
  }
}

async function importOfficial(): Promise<SdkConstructor | undefined> {
  try {
    return (await import('ibm-vpc/vpc/v1.js')).default
  } catch (error) {
    // Not every registry offers ibm-vpc: it is an optional dependency. Anything else that fails to load is a defect.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Makes requests of rows of the table: it adds version and generation to each. */
class BuiltinVpc extends BaseService {
  send(operation: Operation, {signal, ...params}: Record<string, unknown>): Promise<SdkAnswer> {
    const {method, path, query = {}, body, headers = {}} = operation
    const named = (names: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(names).map(([name, onWire]) => [onWire, params[name]]))
    const inPath = Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, params[name]]))
    return this.createRequest({
      options: {
        method,
        url: path,
        path: inPath,
        body: body && bodyOf(body, params),
        qs: {...named(query), version: apiVersion, generation: 2},
      },
      defaultOptions: {
        ...this.baseOptions,
        headers: {Accept: 'application/json', ...(body && {'Content-Type': mediaTypeOf(operation)}), ...named(headers)},
        axiosOptions: {signal},
      },
    })
  }
}

function bodyOf(body: NonNullable<Operation['body']>, params: Record<string, unknown>): unknown {
  const parts = Object.entries(body)
  const [whole] = parts
  if (whole?.[1].name === '') return params[whole[0]]
  return Object.fromEntries(parts.map(([name, {name: onWire}]) => [onWire, params[name]]))
}
