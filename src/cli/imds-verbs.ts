import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import type {InputHost} from '../files/read-input.ts'
import {parseEndpoint, parseMetadataPath} from '../imds/endpoints.ts'
import {findService, type ServiceOptions} from '../imds/find-service.ts'
import type {MetadataService} from '../imds/metadata-service.ts'
import {namesSandbox} from './environment.ts'

/** What all commands of the topic imds take. */
export interface ImdsFlags {
  endpoint?: string
  'ca-file'?: string
  /** Seconds. */
  timeout?: number
}

/** What --timeout may be, in seconds. */
export const timeoutBounds = {min: 1, max: 600}

/** What a verb prints: bytes as they are, or the same as JSON. */
export interface Printout {
  text: string | Buffer
  json: object
}

/** Says in the shell of an instance of the sandbox where its metadata service is: HOST:PORT on this machine. */
const addressVariable = 'VPCMD_METADATA_ADDRESS'

/** Throws a usage error for any other machine: the service's answers would be somebody else's. */
function sandboxAddress(env: NodeJS.ProcessEnv): string | undefined {
  const address = env[addressVariable] || undefined
  const isOwn = address === undefined || /^(127(\.\d{1,3}){3}|\[::1\]|169\.254\.169\.254)(:\d{1,5})?$/.test(address)
  if (isOwn && (address === undefined || URL.canParse(`http://${address}`))) return address
  throw usageError(
    `${addressVariable} is not an address of this machine: ${address}.`,
    'It is one such as 127.0.0.1:8080.',
  )
}

/** How to reach the service, by the flags and the environment. Throws a usage error for an endpoint that is none, or a CA file that can't be read. */
export async function serviceOptions(flags: ImdsFlags, host: InputHost): Promise<ServiceOptions> {
  const file = flags['ca-file']
  return {
    metadataAddress: sandboxAddress(host.env),
    endpoint: flags.endpoint === undefined ? undefined : parseEndpoint(flags.endpoint),
    ca: file === undefined ? undefined : await readCa(host, file),
    timeoutMs: flags.timeout === undefined ? undefined : flags.timeout * 1000,
  }
}

async function readCa(host: InputHost, file: string): Promise<string> {
  const {readText} = await import('../files/read-input.ts')
  const text = await readText(host, file, 'CA certificate')
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw usageError(`--ca-file ${file} holds no certificate.`, 'It is a PEM file, with BEGIN CERTIFICATE in it.')
  }
  return text
}

/** Finds the service, and adds its token to the secrets, which no output repeats. */
export async function openService(
  options: ServiceOptions,
  secrets: Set<string>,
  env: NodeJS.ProcessEnv,
): Promise<MetadataService> {
  const service = await findService(options).catch((error: unknown) => {
    const isOutside = namesSandbox(env) && options.metadataAddress === undefined && options.endpoint === undefined
    if (!isOutside || !(error instanceof VpcmdError)) throw error
    throw error.reworded({hint: "The sandbox's service answers within its instances: vpcmd connect INSTANCE --sandbox"})
  })
  secrets.add(service.identity.access_token)
  return service
}

/** The identity token, on a line of its own. */
export function tokenPrintout({identity}: MetadataService): Printout {
  return {text: `${printable(identity.access_token)}\n`, json: identity}
}

/** A token is printable ASCII (RFC 6750, section 2.1): anything else in it could be aimed at the terminal. */
function printable(token: string): string {
  return token.replace(/[^!-~]/g, '')
}

/** Whatever the metadata API has at a path. */
export async function pathPrintout(service: Promise<MetadataService>, path: string): Promise<Printout> {
  const json = await (await service).get(path)
  const {toJson} = await import('../terminal/formats.ts')
  return {text: toJson(json), json}
}

/** The path to get, checked before anything is sent. */
export function pathArgument(text: string | undefined): string {
  if (text === undefined)
    throw usageError('There is no path to get.', 'Such as: vpcmd imds get instance/initialization')
  return parseMetadataPath(text)
}

/** The bytes that were given as user data when the instance was created. Throws a VpcmdError, exit 4, where there are none. */
export async function userDataPrintout(service: MetadataService): Promise<Printout> {
  const {user_data: userData} = await service.get('instance/initialization')
  if (typeof userData === 'string' && userData !== '') {
    return {text: Buffer.from(userData, 'utf8'), json: {user_data: userData}}
  }
  throw new VpcmdError({
    code: 'no_user_data',
    message: 'This instance has no user data.',
    hint: 'User data is given when an instance is created, and not later.',
    exitCode: exitCodes.notFound,
  })
}

/** An IAM token, on a line of its own. */
export async function iamTokenPrintout(service: MetadataService, profile: string | undefined): Promise<Printout> {
  const token = await service.iamToken(profile)
  return {text: `${printable(token.access_token)}\n`, json: token}
}

/** The trusted profile to use. Throws a usage error for an empty one, which would silently mean the default. */
export function profileArgument(text: string | undefined): string | undefined {
  if (text !== undefined && text.trim() === '')
    throw usageError('--trusted-profile is empty.', 'It takes an ID or a CRN.')
  return text
}
