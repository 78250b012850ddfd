import {execFile} from 'node:child_process'
import {stat} from 'node:fs/promises'
import {platform} from 'node:os'
import {join, resolve} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {exitCodes, VpcmdError} from '../errors.ts'
import {explainTrouble, sentence} from '../files/file-trouble.ts'
import {folderTrouble, ownershipTrouble, readPrivateJson} from '../files/private-file.ts'
import {programOnPath} from '../files/program-on-path.ts'
import {inputLimits} from '../files/read-input.ts'
import {objectIn} from '../json-object.ts'
import {claimsIn} from '../jwt-claims.ts'
import {fields, flag, number, type Raw, text} from './readers/fields.ts'
import {retryPolicy} from './retry-policy.ts'

// IBM's command line keeps who is signed in in a file of its own. vpcmd reads it once and never writes it: a second
// program that renewed the token would sign ibmcloud out. All facts: IBM-Cloud/ibm-cloud-cli-sdk at b7c3029, bluemix/.

/** Who is signed in to `ibmcloud`. */
export interface IbmcloudLogin {
  /** Where that is written. */
  file: string
  token: IamToken
  /** IAM's URL, as ibmcloud has it or else the token. */
  iamUrl: string | undefined
  /** Whether ibmcloud uses private endpoints. */
  isPrivate: boolean
  /** The region that ibmcloud targets. */
  region: string | undefined
  /** The name of the token's account. */
  accountName: string | undefined
  /** The trusted profile that was assumed. */
  profileId: string | undefined
}

interface IamToken {
  text: string
  account: string
  iamId: string
  /** Epoch milliseconds. */
  expiresAt: number
}

/** Finds who is signed in to `ibmcloud`; undefined for nobody. Throws VpcmdError, exit 3, for a file that can't be read or trusted. */
export async function readIbmcloudLogin(env: NodeJS.ProcessEnv): Promise<IbmcloudLogin | undefined> {
  const folder = await configFolder(env)
  if (folder === undefined) return undefined
  const file = join(folder, 'config.json')
  const there = await stat(file).catch(() => undefined)
  if (!there?.isFile()) return undefined
  if (there.size > mostBytes)
    throw denied('bad_login', `The login of ibmcloud in ${file} is not read: it is too large.`)
  const trouble = folderTrouble(folder) ?? ownershipTrouble(file, there)
  if (trouble) throw denied('login_not_private', `The login of ibmcloud is not used: ${trouble.why}.`, trouble.advice)
  // core_config/bx_config.go.
  const config = await readConfig(file, env)
  const written = text(config, 'IAMToken')
  if (written === undefined) return undefined
  const token = tokenIn(written)
  if (!token) throw denied('bad_login', `The IAM token in ${file} can't be read, or is for no account.`)
  return {
    file,
    token,
    iamUrl: text(config, 'IAMEndpoint') ?? text(claimsIn(token.text) ?? {}, 'iss'),
    isPrivate: flag(config, 'IsPrivate') ?? false,
    region: text(config, 'Region'),
    accountName: text(config, 'Account', 'GUID') === token.account ? text(config, 'Account', 'Name') : undefined,
    profileId: text(config, 'AssumedTrustedProfileId'),
  }
}

/** configuration/config_helpers/helpers.go and env.go. */
async function configFolder(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env.IBMCLOUD_CONFIG_HOME) return resolve(env.IBMCLOUD_CONFIG_HOME)
  const windowsHome = `${env.HOMEDRIVE ?? ''}${env.HOMEPATH ?? ''}` || env.USERPROFILE
  const home = env.IBMCLOUD_HOME || env.BLUEMIX_HOME || (platform() === 'win32' ? windowsHome : env.HOME)
  if (!home) return undefined
  const folder = resolve(home, '.ibmcloud')
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  )
  return isThere ? folder : resolve(home, '.bluemix')
}

const readTries = 5
const mostBytes = inputLimits.other

async function readConfig(file: string, env: NodeJS.ProcessEnv): Promise<Raw> {
  for (let tries = 1; ; tries++) {
    try {
      return fields(await readPrivateJson(file, mostBytes))
    } catch (error) {
      // ibmcloud writes into the file that is there (configuration/persistor.go): half of it may be all that there is yet.
      const isHalf = error instanceof SyntaxError
      if (isHalf && tries < readTries) {
        await sleep(50)
        continue
      }
      const {why, advice} = isHalf
        ? {why: 'it is not JSON', advice: undefined}
        : explainTrouble(error, file, env, 'read')
      throw denied('bad_login', `The login of ibmcloud in ${file} can't be read: ${why}.`, advice)
    }
  }
}

/** Reads an IAM token, after the word Bearer or alone, with what vpcmd must know of it; undefined for anything else. */
function tokenIn(written: string): IamToken | undefined {
  const [, token] = /^(?:Bearer +)?([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(written.trim()) ?? []
  const claims = token === undefined ? undefined : claimsIn(token)
  if (token === undefined || !claims) return undefined
  const [account, iamId, exp] = [text(claims, 'account', 'bss'), text(claims, 'iam_id'), number(claims, 'exp')]
  if (account === undefined || iamId === undefined || exp === undefined) return undefined
  return {text: token, account, iamId, expiresAt: exp * 1000}
}

/** What has less than this to live, in milliseconds, is asked for anew: tokens of ibmcloud live for 20 minutes (terraform-provider-ibm#3611). */
const leastLifeMs = 2 * 60_000

/**
 * The credentials of whoever is signed in: the token of the file, and then those of `ibmcloud iam oauth-tokens`, which
 * must be of the same account and the same identity: a run goes on in no other. `env` is what ibmcloud is run with.
 */
export function fromIbmcloud(login: IbmcloudLogin, env: NodeJS.ProcessEnv, iamUrl: string) {
  const {account, iamId} = login.token
  const secrets = [login.token.text]
  let unused: IamToken | undefined = login.token
  const present = async (now: () => number): Promise<IamToken> => {
    const first = unused
    unused = undefined
    if (first && first.expiresAt - now() >= leastLifeMs) return first
    const token = await askIbmcloud(env)
    secrets.push(token.text)
    if (token.account !== account || token.iamId !== iamId) {
      const message = `ibmcloud is now signed in as ${token.iamId} to account ${token.account}, and was as ${iamId} to ${account}.`
      throw denied('login_changed', message, 'run the command again if that is meant')
    }
    if (token.expiresAt > now()) return token
    throw denied('login_ended', `${commandLine} printed a token that has ended.`)
  }
  return {
    asked: {name: 'ibmcloud', url: login.iamUrl ?? iamUrl},
    create: (_adapter: unknown, now: () => number) => ({
      authenticationType: () => 'ibmcloud',
      authenticate: async (request: {headers?: object}) => {
        request.headers = {...request.headers, Authorization: `Bearer ${(await present(now)).text}`}
      },
    }),
    isRenewable: true,
    isBorrowed: true,
    leastLifeMs,
    cacheKey: ['ibmcloud', account, iamId],
    secrets,
  }
}

const args = ['iam', 'oauth-tokens', '--output', 'JSON']
const commandLine = `ibmcloud ${args.join(' ')}`

/** Has ibmcloud renew its token and print it: `{"iam_token": "Bearer …"}` (ibm-cloud-docs/logs-router, retrieve-access-token). */
async function askIbmcloud(env: NodeJS.ProcessEnv): Promise<IamToken> {
  const program = await programOnPath('ibmcloud', env)
  if (program === undefined) {
    throw denied(
      'no_ibmcloud',
      'The token of ibmcloud has ended, or soon will, and no ibmcloud is on PATH to renew it.',
    )
  }
  const {code, stdout, stderr} = await run(program, env)
  if (code !== 0) {
    const isLate = code === undefined
    const said = stderr
      .replace(/^\s*FAILED\s*$/gm, '')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 300)
    const how = isLate ? `did not end within ${retryPolicy.ibmcloud.timeoutMs / 1000} seconds` : `failed (${code})`
    throw denied('ibmcloud_failed', `${commandLine} ${how}${said && `: ${said}`}`.replace(/([^.])$/, '$1.'))
  }
  const token = tokenIn(text(objectIn(stdout) ?? {}, 'iam_token') ?? '')
  if (token) return token
  throw denied('ibmcloud_failed', `${commandLine} printed no token that vpcmd can read.`)
}

/** Runs it. `code` is its exit code, or the name of what ended it; undefined where it took too long. */
function run(
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<{code: number | string | undefined; stdout: string; stderr: string}> {
  const options = {
    // Its trace would be in what it prints, with the token (env.go).
    env: {...env, IBMCLOUD_TRACE: 'false', IBMCLOUD_COLOR: 'false', IBMCLOUD_VERSION_CHECK: 'false'},
    timeout: retryPolicy.ibmcloud.timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024,
    windowsHide: true,
  } as const
  return new Promise(resolve => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const isLate = error?.killed && error.code === undefined
      resolve({code: error ? (isLate ? undefined : (error.code ?? error.signal ?? 'unknown')) : 0, stdout, stderr})
    })
    // Whatever it asks, nobody answers.
    child.stdin?.on('error', () => undefined).end()
  })
}

function denied(code: string, message: string, advice = 'run: ibmcloud login'): VpcmdError {
  return new VpcmdError({code, message, hint: sentence(advice), isUnsent: true, exitCode: exitCodes.denied})
}
