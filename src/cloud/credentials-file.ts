import {stat} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {parse} from 'dotenv'
import {asVpcmdError, exitCodes, VpcmdError} from '../errors.ts'
import {type InputHost, readText} from '../files/read-input.ts'
import {homeFolder} from '../files/user-folders.ts'

const fileName = 'ibm-credentials.env'

/** What is no part of the credentials among the VPC_* settings: of these each one of the environment wins by itself. */
const addresses = ['VPC_URL', 'VPC_AUTH_URL']

/**
 * The environment with the VPC_* settings of `ibm-credentials.env` (IBM/node-sdk-core, Authentication.md): of the file that
 * IBM_CREDENTIALS_FILE names, or of the one in the home folder. The environment wins; credentials of its own are not mixed
 * with those of a file. A file in the current folder is not read, as somebody else may have put it there: `warn` says so.
 * Throws VpcmdError, exit 3, for a file that is named and can't be read.
 */
export async function withCredentialsFile(host: InputHost, warn: (text: string) => void): Promise<NodeJS.ProcessEnv> {
  const {env} = host
  const [file] = await Promise.all([readCredentialsFile(host), warnOfCurrentFolder(env, warn)])
  const hasOwn = hasSettings(env)
  const taken = Object.entries(file).filter(
    ([name]) => name.startsWith('VPC_') && (addresses.includes(name) || !hasOwn),
  )
  // A setting of the SDK's that is set to nothing is not set.
  const own = Object.entries(env).filter(([name, value]) => value || !name.startsWith('VPC_'))
  return Object.fromEntries([...taken, ...own])
}

/** Whether there are VPC_* settings that are part of credentials. */
export function hasSettings(env: NodeJS.ProcessEnv): boolean {
  return Object.keys(env).some(name => name.startsWith('VPC_') && !addresses.includes(name) && env[name])
}

async function readCredentialsFile(host: InputHost): Promise<Record<string, string>> {
  const {env} = host
  const named = env.IBM_CREDENTIALS_FILE
  const place = named || homeFile(env)
  if (place === undefined) return {}
  const there = await stat(place).catch(() => undefined)
  if (!there && !named) return {}
  try {
    return parse(await readText(host, there?.isDirectory() ? join(place, fileName) : place, 'credentials'))
  } catch (error) {
    const {message, hint} = asVpcmdError(error)
    const why = named ? 'IBM_CREDENTIALS_FILE names it.' : 'It is read because it is in the home folder.'
    throw new VpcmdError({code: 'no_credentials_file', message, hint: hint ?? why, exitCode: exitCodes.denied})
  }
}

function homeFile(env: NodeJS.ProcessEnv): string | undefined {
  const home = homeFolder(env)
  return home && join(home, fileName)
}

async function warnOfCurrentFolder(env: NodeJS.ProcessEnv, warn: (text: string) => void): Promise<void> {
  const isThere = await stat(fileName).then(
    each => each.isFile(),
    () => false,
  )
  if (!isThere) return
  const here = resolve(fileName)
  const read = resolve(env.IBM_CREDENTIALS_FILE || homeFile(env) || '/')
  if (here === read || join(read, fileName) === here) return
  warn(
    `${fileName} in the current folder is not read: whoever made the folder would choose the account. If it is meant: IBM_CREDENTIALS_FILE=${fileName}`,
  )
}
