import {writeFileSync} from 'node:fs'
import {createServer} from 'node:http'
import {createServer as createTcpServer} from 'node:net'
import {join} from 'node:path'
import {gzipSync} from 'node:zlib'
import {beforeEach, describe, expect, it, vi} from 'vitest'
import {fromKey} from '../../src/cloud/credential-kinds.ts'
import {findCredentials} from '../../src/cloud/credentials.ts'
import {withCredentialsFile} from '../../src/cloud/credentials-file.ts'
import {findEndpoints, whyOtherCloud} from '../../src/cloud/endpoints.ts'
import type {CloudOptions} from '../../src/cloud/open-cloud.ts'
import {pauseTeller} from '../../src/cloud/pauses.ts'
import {readPage} from '../../src/cloud/readers/page.ts'
import type {VpcmdError} from '../../src/errors.ts'
import {type OddCloud, type Oddity, startOddCloud} from '../support/odd-cloud.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'
import {folderOfTest, listening} from '../support/until-test-ends.ts'

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
let test: TestCloud
let odd: OddCloud | undefined
let folder: string

beforeEach(async () => {
  folder = folderOfTest()
  odd = undefined
  test = await startTestCloud({regions: ['us-south', 'eu-de']}, {timeoutMs: 300})
})

async function cloudWith(oddity: Oddity, options: Partial<CloudOptions> = {}) {
  const behind = await test.openBehind(oddity, options)
  odd = behind.odd
  return behind.cloud
}

/** A server that is to be asked nothing. */
async function serveElsewhere() {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.end('{}')
  })
  return {url: await listening(server), asked: () => asked}
}

const credentialsOf = (settings: Record<string, string>, iamUrl: string) =>
  findCredentials({settings, iamUrl, apiKeyFile: undefined, host: process, warn: () => undefined})

/** A clock on which each pause is over at once. */
function leapingClock(timeoutMs = 1000) {
  const start = 1_800_000_000_000
  let time = start
  const sleep = async (ms: number) => {
    time += ms
  }
  const pacing = {timeoutMs, now: () => time, sleep, random: () => 0.5, onPause: () => undefined}
  return {pacing, seconds: () => (time - start) / 1000}
}

const isToken = (path: string) => /\/(identity|instance_identity)\//.test(path)
const tokenRequests = () => odd?.asked.filter(({url}) => isToken(url.pathname)).length

/** Credentials of each kind, as a user would set them. */
async function credentialsOfKind(kind: string, iamUrl: string) {
  const tokenFile = join(folder, 'cr-token')
  writeFileSync(tokenFile, 'eyJhbGciOiJub25lIn0.e30.x')
  const settings: Record<string, Record<string, string>> = {
    'a key': {IBMCLOUD_API_KEY: test.sandbox.apiKey},
    'a key with a client': {
      VPC_APIKEY: test.sandbox.apiKey,
      VPC_CLIENT_ID: 'client',
      VPC_CLIENT_SECRET: 'secret-of-client',
    },
    'a key with a scope': {VPC_APIKEY: test.sandbox.apiKey, VPC_SCOPE: 'some'},
    'an assumed profile': {
      VPC_APIKEY: test.sandbox.apiKey,
      VPC_AUTH_TYPE: 'iamAssume',
      VPC_IAM_PROFILE_ID: 'Profile-1',
    },
    'a container': {VPC_AUTH_TYPE: 'container', VPC_IAM_PROFILE_ID: 'Profile-1', VPC_CR_TOKEN_FILENAME: tokenFile},
    'an instance': {VPC_AUTH_TYPE: 'vpc', VPC_AUTH_URL: iamUrl},
  }
  const given = settings[kind]
  if (!given) throw new Error(kind)
  return credentialsOf(given, iamUrl)
}

const kinds = ['a key', 'a key with a client', 'a key with a scope', 'an assumed profile', 'a container', 'an instance']

describe.each(kinds)('the token of %s:', kind => {
  const who = kind === 'an instance' ? 'The metadata service' : 'IAM'

  async function regionsWith(oddity: Oddity, options: Partial<CloudOptions> = {}) {
    odd = await startOddCloud(test.sandbox, oddity)
    const credentials = await credentialsOfKind(kind, odd.url)
    const cloud = await test.open({endpoints: odd.endpoints, credentials, ...options})
    return cloud.regions().then(
      () => new Error('there was a token'),
      (error: unknown) => error,
    )
  }
  const host = () => new URL(odd?.url ?? '').host

  it('silence is given up after five tries, and who is silent is named', async () => {
    const error = await regionsWith({answer: ({url}) => (isToken(url.pathname) ? 'silence' : undefined)})
    expect(error).toMatchObject({
      code: 'timeout',
      message: `${who} at ${host()} gave no answer within 0.3 s, in 5 tries.`,
      exitCode: 1,
    })
    expect(tokenRequests()).toBe(5)
    expect(odd?.asked.some(({url}) => url.pathname.includes('regions'))).toBe(false)
    expect(test.log.filter(line => line.includes('-> failed ABORTED'))).toHaveLength(5)
  })

  it('a refusal is told under its own name, with code, words and trace, and exit code 3', async () => {
    const body =
      kind === 'an instance'
        ? {errors: [{code: 'unauthorized', message: 'It is not allowed here.'}], trace: 'trace-of-it'}
        : {
            errorCode: 'BXNIM0415E',
            errorMessage: 'Provided API key could not be found.',
            context: {requestId: 'trace-of-it'},
          }
    const error = await regionsWith({answer: ({url}) => (isToken(url.pathname) ? {status: 400, body} : undefined)})
    expect(error).toMatchObject({
      code: kind === 'an instance' ? 'unauthorized' : 'BXNIM0415E',
      message: expect.stringMatching(`^${who} at ${host()} gave no token: .+`),
      trace: 'trace-of-it',
      exitCode: 3,
      isUnsent: true,
    })
    expect(tokenRequests()).toBe(1)
    expect(test.log.some(line => line.includes('-> 400'))).toBe(true)
  })

  it('a throttled one is waited for, five minutes at most', async () => {
    const {pacing, seconds} = leapingClock()
    const refusal = {status: 429, headers: {'retry-after': '1'}, body: {}}
    const oddity: Oddity = {answer: ({url}) => (isToken(url.pathname) ? refusal : undefined)}
    expect(await regionsWith(oddity, {pacing})).toMatchObject({
      code: 'http_429',
      exitCode: 1,
      message: expect.stringMatching(`^${who} at`),
    })
    expect(seconds()).toBe(300)
    expect(tokenRequests()).toBeLessThan(40)
  })

  it('a redirect is not followed, and both hosts are told', async () => {
    const elsewhere = await serveElsewhere()
    const location = `${elsewhere.url}/identity/token`
    const error = await regionsWith({
      answer: ({url}) => (isToken(url.pathname) ? {status: 307, headers: {location}} : undefined),
    })
    expect(error).toMatchObject({message: expect.stringContaining(`redirect (307) to ${new URL(location).host}`)})
    expect(String(error)).toContain(host())
    expect(elsewhere.asked()).toBe(0)
  })

  it.each([
    ['a web page', '<!doctype html><p>Log in'],
    ['no token', '{"access_token": 5}'],
    ['a token that is none', '{"access_token": "abc", "expires_in": 3600}'],
    ['nothing', ''],
    ['null', 'null'],
  ])('%s in place of one is an error of its own', async (_what, body) => {
    const error = await regionsWith({answer: ({url}) => (isToken(url.pathname) ? {status: 200, body} : undefined)})
    expect(error).toMatchObject({name: 'VpcmdError', message: expect.stringMatching(`^${who} at`)})
  })
})

it("a container's token file that is missing is told to whoever asks, with exit code 3", async () => {
  const settings = {
    VPC_AUTH_TYPE: 'container',
    VPC_IAM_PROFILE_ID: 'Profile-1',
    VPC_CR_TOKEN_FILENAME: '/nowhere/token',
  }
  const cloud = await test.open({credentials: await credentialsOf(settings, test.sandbox.url)})
  const missing = {code: 'no_token_file', exitCode: 3, message: expect.stringContaining('/nowhere/token')}
  await expect(cloud.regions()).rejects.toMatchObject(missing)
  await expect(cloud.caller()).rejects.toMatchObject(missing)
})

describe('no redirect is followed', () => {
  it.each(['/v1/regions', '/us-south/v1/instances'])('at %s', async path => {
    const cloud = await cloudWith({
      answer: ({url}) =>
        url.pathname === path ? {status: 302, headers: {location: 'https://elsewhere.test/x'}} : undefined,
    })
    const call = async () => cloud.api(await cloud.region({region: 'us-south'})).listInstances()
    await expect(call()).rejects.toMatchObject({
      message: expect.stringMatching(/127\.0\.0\.1:\d+ answered with a redirect \(302\) to elsewhere\.test/),
      hint: expect.stringContaining('no redirect'),
    })
  })
})

describe('where keys and tokens go:', () => {
  it.each([
    [{VPC_URL: 'http://us-south.iaas.cloud.ibm.com/v1'}],
    [{VPC_AUTH_URL: 'http://iam.cloud.ibm.com'}],
    [{VPC_AUTH_URL: 'http://10.0.0.9'}],
  ])('not over http to another machine: %o', async env => {
    const endpoints = findEndpoints(env, false)
    const options = {endpoints, credentials: fromKey('some-key', 'The key', endpoints.iamUrl)}
    await expect(test.open(options)).rejects.toMatchObject({exitCode: 2, hint: expect.stringContaining('--allow-http')})
    await expect(test.open({...options, allowsHttp: true})).resolves.toBeDefined()
  })

  it.each([
    ['https://us-south.iaas.cloud.ibm.com/v1', 'https://eu-de.iaas.cloud.ibm.com', undefined],
    ['https://us-south.iaas.cloud.ibm.com/v1', 'https://eu-de.private.iaas.cloud.ibm.com', undefined],
    ['https://cloud.corp.test/v1', 'https://cloud.corp.test/eu-de', undefined],
    ['https://us-south.iaas.cloud.ibm.com/v1', 'http://eu-de.iaas.cloud.ibm.com', 'https'],
    ['https://us-south.iaas.cloud.ibm.com/v1', 'https://evil.test', 'same cloud'],
    ['https://us-south.iaas.cloud.ibm.com/v1', 'https://iaas.cloud.ibm.com.evil.test', 'same cloud'],
    ['https://us-south.iaas.cloud.ibm.com/v1', 'https://eviliaas.cloud.ibm.com', 'same cloud'],
    ['https://us-south.iaas.cloud.ibm.com/v1', 'https://user:pw@eu-de.iaas.cloud.ibm.com', 'user'],
    ['http://127.0.0.1:4010/v1', 'http://127.0.0.1:4011/eu-de', 'same cloud'],
    ['http://127.0.0.1:4010/v1', 'eu-de', 'no URL'],
  ])('from %s to %s', (asker, other, why) => {
    if (why === undefined) expect(whyOtherCloud(asker, other)).toBeUndefined()
    else expect(whyOtherCloud(asker, other)).toContain(why)
  })

  it('a region whose endpoint is of another cloud fails alone, and is sent nothing', async () => {
    const elsewhere = await serveElsewhere()
    const endpoint = `${elsewhere.url}/eu-de`
    const cloud = await cloudWith({
      change: ({url}, body) => {
        if (url.pathname !== '/v1/regions') return
        for (const region of body.regions as Record<string, unknown>[])
          if (region.name === 'eu-de') region.endpoint = endpoint
      },
    })
    const regions = await cloud.regions()
    expect(regions.map(({name, problem}) => [name, problem === undefined])).toEqual([
      ['us-south', true],
      ['eu-de', false],
    ])
    expect(elsewhere.asked()).toBe(0)
  })
})

describe('no answer is larger than its limit:', () => {
  const mib = 2 ** 20
  it.each([
    ['one thing of 5 MiB', `/v1/instances/${id}`, 5 * mib, false],
    ['a list of 33 MiB', '/v1/instances', 33 * mib, false],
    ['one thing that gzip makes small', `/v1/instances/${id}`, 50 * mib, true],
    ['a list that gzip makes small', '/v1/instances', 200 * mib, true],
  ])('%s', async (_what, path, bytes, isPacked) => {
    const text = Buffer.concat([Buffer.from('{"instances":[],"id":"'), Buffer.alloc(bytes, 'x'), Buffer.from('"}')])
    const body = isPacked ? gzipSync(text) : text
    const cloud = await cloudWith(
      {
        answer: ({url}) =>
          url.pathname.endsWith(`us-south${path}`)
            ? {status: 200, headers: {'content-encoding': isPacked ? 'gzip' : 'identity'}, body}
            : undefined,
      },
      {pacing: leapingClock(20_000).pacing},
    )
    const api = cloud.api(await cloud.region({region: 'us-south'}))
    const call = path.endsWith(id) ? api.getInstance({id}) : api.listInstances()
    await expect(call).rejects.toMatchObject({code: 'answer_too_large', message: expect.stringContaining('larger')})
    expect(odd?.asked.filter(({url}) => url.pathname.endsWith(path))).toHaveLength(1)
  })
})

it('a patch over a connection that ends is not sent a second time unseen', async () => {
  const {cloud} = test
  const api = cloud.api(await cloud.region({region: 'us-south'}), 'rollout')
  await api.getInstance({id})
  test.requests.length = 0
  test.sandbox.faults.push({kind: 'reset', count: 1, method: 'PATCH'})
  await expect(api.updateInstance({id, metadataService: {enabled: true}})).rejects.toMatchObject({isUnsent: false})
  expect(test.requests.filter(({method}) => method === 'PATCH')).toHaveLength(1)
})

describe('what refuses says why, whatever shape its words have:', () => {
  it.each<[string, string | object, string]>([
    ['IBM’s', {errors: [{code: 'bad', message: 'Not so.'}], trace: 't'}, 'Not so'],
    ['a message', {message: 'Not so.'}, 'Not so'],
    ['an error', {error: 'Not so'}, 'Not so'],
    ['an error within', {error: {code: 5, message: 'Not so'}}, 'Not so'],
    ['text', 'Not so\nat all', 'Not so'],
    ['errors of nothing', {errors: [null]}, 'answered 400'],
    ['nothing', '', 'answered 400'],
    ['a list', [1], 'answered 400'],
    ['a web page', '<html>Not so', 'web page'],
  ])('%s', async (_what, body, said) => {
    const cloud = await cloudWith({
      answer: ({url}) => (url.pathname.endsWith('/instances') ? {status: 400, body} : undefined),
    })
    const api = cloud.api(await cloud.region({region: 'us-south'}))
    await expect(api.listInstances()).rejects.toMatchObject({message: expect.stringContaining(said), status: 400})
  })

  it('never repeats the key or a token', async () => {
    const leak = `${test.sandbox.apiKey} eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln`
    const cloud = await cloudWith({
      answer: ({url}) =>
        url.pathname.endsWith('/instances')
          ? {status: 400, body: {errors: [{code: leak, message: leak, target: {name: leak}}], trace: leak}}
          : undefined,
    })
    const error = await cloud
      .api(await cloud.region({region: 'us-south'}))
      .listInstances()
      .catch((thrown: VpcmdError) => JSON.stringify({...thrown, text: thrown.inOneLine}))
    expect(error).not.toContain(test.sandbox.apiKey)
    expect(error).not.toContain('eyJzdWIiOiJ4In0')
  })
})

describe('another change that is under way (409)', () => {
  const conflicts = (count: number): Oddity => ({
    answer: asked =>
      asked.method !== 'GET' && asked.url.pathname.includes('/instances/') && asked.count <= count
        ? {status: 409, body: {errors: [{code: 'instance_conflict', message: 'It is being updated.'}]}}
        : undefined,
  })

  it('is waited for by a patch', async () => {
    const cloud = await cloudWith(conflicts(7))
    const api = cloud.api(await cloud.region({region: 'us-south'}), 'rollout')
    expect((await api.updateInstance({id, metadataService: {enabled: true}})).result.settings.enabled).toBe(true)
  })

  it('is given up after two minutes, without a doubt', async () => {
    const {pacing, seconds} = leapingClock()
    const cloud = await cloudWith(conflicts(1000), {pacing})
    const api = cloud.api(await cloud.region({region: 'us-south'}), 'rollout')
    await expect(api.updateInstance({id, metadataService: {enabled: true}})).rejects.toMatchObject({status: 409})
    expect(seconds()).toBe(120)
  })
})

it('a try whose time is up before it is sent, as on a machine that is busy, is tried again, and is no bug', async () => {
  const cloud = await cloudWith({})
  const api = cloud.api(await cloud.region({region: 'us-south'}))
  let turns = 0
  const onTurn = async () => {
    const until = performance.now() + 400
    if (turns++ === 0) while (performance.now() < until);
    // The time of the try, 300 ms, is over by now: its timer is due.
    await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
  }
  const {result} = await api.updateInstance({id, metadataService: {enabled: true}, onTurn})
  expect({turns, enabled: result.settings.enabled}).toEqual({turns: 2, enabled: true})
})

it.each([407, 403, 502])(
  'a proxy that refuses its tunnel with %i is named, and is no answer of IBM’s',
  async status => {
    const proxy = createTcpServer(socket =>
      socket.once('data', () => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`)),
    )
    vi.stubEnv('HTTPS_PROXY', await listening(proxy))
    const endpoints = findEndpoints({}, false)
    const cloud = await test.open({
      env: process.env,
      endpoints,
      credentials: fromKey('some-key', 'The key', endpoints.iamUrl),
    })
    await expect(cloud.regions()).rejects.toMatchObject({
      code: 'proxy_refused',
      message: expect.stringMatching(`the proxy of HTTPS_PROXY refused .* with status ${status}`),
      exitCode: 1,
    })
  },
)

describe('ibm-credentials.env', () => {
  const read = async (env: Record<string, string>) => {
    const warnings: string[] = []
    return {settings: await withCredentialsFile({env, stdin: process.stdin}, text => warnings.push(text)), warnings}
  }
  const write = (file: string, text: string) => {
    writeFileSync(file, text)
    return file
  }

  it('is read where it is named, with all its settings; the environment wins over it', async () => {
    const IBM_CREDENTIALS_FILE = write(
      join(folder, 'mine.env'),
      'VPC_APIKEY=key-of-file\nVPC_URL=https://vpc.test/v1\nVPC_AUTH_URL="https://iam.test"\nOTHER=x\n',
    )
    const {settings} = await read({IBM_CREDENTIALS_FILE, VPC_URL: 'https://env.test/v1'})
    expect(settings).toMatchObject({
      VPC_APIKEY: 'key-of-file',
      VPC_URL: 'https://env.test/v1',
      VPC_AUTH_URL: 'https://iam.test',
    })
    expect(settings.OTHER).toBeUndefined()
    // A variable that is set to nothing hides nothing.
    expect((await read({IBM_CREDENTIALS_FILE, VPC_APIKEY: ''})).settings.VPC_APIKEY).toBe('key-of-file')
    const own = await read({IBM_CREDENTIALS_FILE, VPC_APIKEY: 'key-of-env'})
    expect(own.settings).toMatchObject({VPC_APIKEY: 'key-of-env', VPC_AUTH_URL: 'https://iam.test'})
    const other = await read({IBM_CREDENTIALS_FILE, VPC_AUTH_TYPE: 'vpc'})
    expect(other.settings.VPC_APIKEY).toBeUndefined()
  })

  it('that is named and missing is an error', async () => {
    await expect(read({IBM_CREDENTIALS_FILE: join(folder, 'nosuch')})).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('no such file'),
    })
  })

  it('of a private VPC_URL means private endpoints', () => {
    expect(findEndpoints({VPC_URL: 'https://eu-de.private.iaas.cloud.ibm.com/v1'}, false)).toMatchObject({
      vpcUrl: 'https://eu-de.private.iaas.cloud.ibm.com/v1',
      iamUrl: 'https://private.iam.cloud.ibm.com',
      isPrivate: true,
    })
  })

  it.each(['token-of-mine', 'Bearer token-of-mine', 'bearer  token-of-mine'])(
    'takes %s for a bearer token',
    async VPC_BEARER_TOKEN => {
      const settings = {VPC_AUTH_TYPE: 'bearerToken', VPC_BEARER_TOKEN}
      let seen = ''
      const cloud = await cloudWith(
        {
          answer: ({headers}) => {
            seen = String(headers.authorization)
            return {status: 401, body: {errors: [{code: 'no', message: 'No.'}]}}
          },
        },
        {credentials: await credentialsOf(settings, 'https://iam.test')},
      )
      await expect(cloud.regions()).rejects.toMatchObject({exitCode: 3})
      expect(seen).toBe('Bearer token-of-mine')
      expect(odd?.asked).toHaveLength(1)
    },
  )
})

describe('a wait', () => {
  const failure = {kind: 'status', status: 429, message: ''} as const
  const told = (waits: number[]) => {
    let time = 0
    const said: string[] = []
    const tell = pauseTeller(
      text => said.push(`${time}: ${text}`),
      () => time,
    )
    for (const ms of waits) {
      tell({ms, failure, who: 'IAM'})
      time += ms
    }
    return said
  }

  it('of over two seconds is said at once, with its cause', () => {
    expect(told([3000])).toEqual(['0: Waiting 3 s: 429 from IAM.'])
  })

  it('of five seconds in all is said, however short each is', () => {
    expect(told(Array.from({length: 20}, () => 500))).toEqual(['4500: Waiting: 429 from IAM.'])
  })

  it('that lasts is said each minute', () => {
    expect(told(Array.from({length: 15}, () => 10_000))).toHaveLength(3)
  })
})

it('takes rows of one ID that are nested too deep to be compared for two of which one is not identified', () => {
  const row = `{"id": "r006-a", "deep": ${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`
  const page = readPage(JSON.parse(`{"rows": [${row}, ${row}]}`), 'rows', (_, id) => ({id}), 'https://example.com/v1')
  expect(page).toEqual({rows: [{id: 'r006-a'}], unidentified: 1})
})
