import type {Cloud} from '../../src/cloud/cloud.ts'
import {fromKey} from '../../src/cloud/credential-kinds.ts'
import {type CloudOptions, openCloud} from '../../src/cloud/open-cloud.ts'
import type {Pacing} from '../../src/cloud/retries.ts'
import {type Sandbox, type SandboxOptions, startSandbox} from '../../src/sandbox/index.ts'
import {type OddCloud, type Oddity, startOddCloud} from './odd-cloud.ts'
import {untilTestEnds} from './until-test-ends.ts'

export interface SeenRequest {
  method: string
  /** Without the query. */
  path: string
  status: number | undefined
}

export interface TestCloud {
  cloud: Cloud
  sandbox: Sandbox
  /** Every request that reached the sandbox, in order. */
  requests: SeenRequest[]
  /** The pauses between tries, in milliseconds; none of them is really waited for. */
  pauses: number[]
  /** What `--debug` would print. */
  log: string[]
  /** A second client of the same sandbox, as the next command would be. */
  open(options?: Partial<CloudOptions>): Promise<Cloud>
  /** Another one, with something odd between it and the sandbox. */
  openBehind(oddity: Oddity, options?: Partial<CloudOptions>): Promise<{cloud: Cloud; odd: OddCloud}>
}

/**
 * The real client on a real sandbox over HTTP, which is there until the test ends. Only waiting is replaced, as the client takes
 * its clock as an argument.
 */
export async function startTestCloud(
  sandboxOptions: SandboxOptions = {},
  cloudOptions: Partial<CloudOptions> & {timeoutMs?: number} = {},
): Promise<TestCloud> {
  const requests: SeenRequest[] = []
  const pauses: number[] = []
  const log: string[] = []
  const sandbox = untilTestEnds(
    await startSandbox({
      account: 'a1234567',
      ...sandboxOptions,
      onRequest: ({method, path, status}) => requests.push({method, path: path.replace(/\?.*/, ''), status}),
    }),
  )
  const pacing: Pacing = {
    timeoutMs: cloudOptions.timeoutMs ?? 20_000,
    sleep: async ms => {
      pauses.push(ms)
    },
    now: Date.now,
    random: () => 0.5,
    onPause: () => undefined,
  }
  const open = (options: Partial<CloudOptions> = {}) =>
    openCloud({
      env: {},
      credentials: fromKey(sandbox.apiKey, 'The key', sandbox.environment.VPC_AUTH_URL),
      endpoints: {
        vpcUrl: sandbox.environment.VPC_URL,
        iamUrl: sandbox.environment.VPC_AUTH_URL,
        isPrivate: false,
      },
      regions: [],
      cacheFolder: undefined,
      pacing,
      log: {note: text => log.push(text)},
      ...cloudOptions,
      ...options,
    })
  const openBehind = async (oddity: Oddity, options: Partial<CloudOptions> = {}) => {
    const odd = await startOddCloud(sandbox, oddity)
    const credentials = fromKey(sandbox.apiKey, 'The key', odd.url)
    return {odd, cloud: await open({endpoints: odd.endpoints, credentials, ...options})}
  }
  return {cloud: await open(), sandbox, requests, pauses, log, open, openBehind}
}
