import {stat} from 'node:fs/promises'
import {type AuthenticatorInterface, getAuthenticatorFromEnvironment, readExternalSources} from 'ibm-cloud-sdk-core'
import {asVpcmdError, exitCodes, VpcmdError} from '../errors.ts'
import {isStdin, readText} from '../files/read-input.ts'

/** Who vpcmd is to IBM Cloud: an API key that it exchanges itself, or an authenticator of IBM's SDK. */
export type Credentials =
  | {kind: 'api-key'; apiKey: string; authUrl: string | undefined}
  | {kind: 'authenticator'; authenticator: AuthenticatorInterface}

export interface CredentialSources {
  env: NodeJS.ProcessEnv
  /** What `--api-key-file` names; `-` is standard input. */
  apiKeyFile: string | undefined
  warn(text: string): void
}

const waysIn =
  'Set IBMCLOUD_API_KEY, pass --api-key-file FILE, or set VPC_AUTH_TYPE or ibm-credentials.env; --sandbox needs none.'

/**
 * Finds the credentials, first found wins: --api-key-file, IBMCLOUD_API_KEY, IC_API_KEY, then the external
 * configuration of IBM's SDK (IBM/node-sdk-core, Authentication.md). Throws VpcmdError with exit code 3.
 */
export async function findCredentials(sources: CredentialSources): Promise<Credentials> {
  const {env, apiKeyFile} = sources
  if (apiKeyFile !== undefined) {
    const origin = isStdin(apiKeyFile) ? 'The API key on standard input' : `The API key in ${apiKeyFile}`
    return fromKey(keyInText(await readKeyFile(apiKeyFile, sources)), origin)
  }
  for (const name of ['IBMCLOUD_API_KEY', 'IC_API_KEY']) {
    const key = env[name]
    if (key !== undefined) return fromKey(key, `The API key in ${name}`)
  }
  return fromExternalConfiguration()
}

function fromKey(key: string, origin: string): Credentials {
  if (key.trim() === '') throw badKey(`${origin} is empty.`)
  if (/[^\x21-\x7e]/.test(key))
    throw badKey(`${origin} holds a line break, a space or another character that no key has.`)
  if (/^["'{]|["'}]$/.test(key)) throw badKey(`${origin} starts or ends with a quote or a brace.`)
  return {kind: 'api-key', apiKey: key, authUrl: undefined}
}

function badKey(message: string): VpcmdError {
  return new VpcmdError({code: 'bad_api_key', message, hint: waysIn, exitCode: exitCodes.denied})
}

async function readKeyFile(file: string, {warn}: CredentialSources): Promise<string> {
  const text = await readText(file, 'API key').catch((error: unknown) => {
    const {message, hint} = asVpcmdError(error)
    throw new VpcmdError({code: 'no_api_key_file', message, hint: hint ?? waysIn, exitCode: exitCodes.denied})
  })
  if (isStdin(file) || process.platform === 'win32') return text
  const there = await stat(file).catch(() => undefined)
  if (there && there.mode & 0o077) warn(`${file} can be read by others on this machine: chmod 600 ${file}`)
  return text
}

/** A key file holds the key alone, or is the JSON file that IBM Cloud's console offers for download. */
function keyInText(text: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith('{')) return trimmed
  try {
    const {apikey} = JSON.parse(trimmed) as {apikey?: unknown}
    if (typeof apikey === 'string') return apikey
  } catch {
    // Not that file: the key's own check names what is wrong with the text.
  }
  return trimmed
}

function fromExternalConfiguration(): Credentials {
  const found = externalSources()
  const authType = String(found.authType ?? found.authtype ?? '').toLowerCase()
  if (!found.apikey && !authType) {
    throw new VpcmdError({
      code: 'no_credentials',
      message: 'No IBM Cloud credentials were found.',
      hint: waysIn,
      exitCode: exitCodes.denied,
    })
  }
  const isPlainKey = (authType === '' || authType === 'iam') && !found.clientId && !found.scope
  if (isPlainKey && found.apikey) {
    const credentials = fromKey(String(found.apikey), 'The API key of VPC_APIKEY or ibm-credentials.env')
    return {...credentials, authUrl: found.authUrl ? String(found.authUrl) : undefined} as Credentials
  }
  try {
    return {kind: 'authenticator', authenticator: getAuthenticatorFromEnvironment('vpc')}
  } catch (error) {
    throw new VpcmdError({
      code: 'bad_credentials',
      message: `The credentials of VPC_* or ibm-credentials.env can't be used: ${error instanceof Error ? error.message : error}`,
      hint: waysIn,
      exitCode: exitCodes.denied,
    })
  }
}

function externalSources(): Record<string, unknown> {
  try {
    return readExternalSources('vpc') ?? {}
  } catch (error) {
    const {code, message, path} = error as NodeJS.ErrnoException
    throw new VpcmdError({
      code: 'no_credentials',
      message:
        code === 'ENOENT' && path === undefined
          ? 'No IBM Cloud credentials were found: ibm-credentials.env is looked for in the current folder, which is gone.'
          : `ibm-credentials.env can't be read: ${message}.`,
      hint: waysIn,
      exitCode: exitCodes.denied,
    })
  }
}
