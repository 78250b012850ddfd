import {createServer} from 'node:http'
import {TLSSocket} from 'node:tls'
import {describe, expect, it, vi} from 'vitest'
import {findRoutes} from '../../src/cloud/routes.ts'
import {makeCertificateAuthority} from '../../src/sandbox/imds/certificate-authority.ts'
import {startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {freshEnvironment, runVpcmd} from '../support/run-vpcmd.ts'
import {listening, untilTestEnds} from '../support/until-test-ends.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

/** Nothing is sent there, as the proxy leads all to the sandbox. */
const address = '10.9.8.7'
const url = `https://${address}`

/** A sandbox that is reached over TLS through an HTTP proxy alone, as IBM Cloud is from within many a company. */
async function startBehindProxy() {
  const sandbox = untilTestEnds(await startSandbox({vpcs: 1, instances: 20, regions: ['us-south']}))
  const authority = untilTestEnds(await makeCertificateAuthority(undefined))
  const secureContext = await authority.secureContext(address)
  let requests = 0
  const cloud = createServer(async (request, response) => {
    requests++
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const {host, connection, 'content-length': _, ...headers} = request.headers
    const answer = await fetch(sandbox.url + request.url, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && {body: Buffer.concat(chunks)}),
    })
    response.writeHead(answer.status, {'content-type': 'application/json'})
    response.end((await answer.text()).replaceAll(sandbox.url, url))
  })
  untilTestEnds({close: () => cloud.closeAllConnections()})
  const asked: {target: string | undefined; authorization: string | undefined}[] = []
  const proxy = createServer((_request, response) => response.writeHead(400).end())
  proxy.on('connect', (request, socket) => {
    asked.push({target: request.url, authorization: request.headers['proxy-authorization']})
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    cloud.emit('connection', new TLSSocket(socket, {isServer: true, secureContext}))
  })
  return {
    asked,
    requests: () => requests,
    proxy: `somebody:p%40ss@${new URL(await listening(proxy)).host}`,
    env: freshEnvironment({
      ...sandbox.environment,
      VPC_URL: `${url}/v1`,
      VPC_AUTH_URL: url,
      NODE_EXTRA_CA_CERTS: authority.file,
    }),
  }
}

it.each([
  ['HTTPS_PROXY', 'http://'],
  ['https_proxy', ''],
  ['ALL_PROXY', 'http://'],
])(
  'sends many requests through one tunnel of %s, given as %sproxy, and tells only that its password',
  async (variable, scheme) => {
    const {asked, requests, proxy, env} = await startBehindProxy()
    const {code, stdout, stderr} = await runVpcmd(
      ['metadata', 'enable', '--all', '--hop-limit', '7', '--yes', '--concurrency', '1', '--debug', '-o', 'jsonl'],
      {env: {...env, [variable]: scheme + proxy}},
    )
    expect({code, rows: stdout.trim().split('\n').length}).toEqual({code: 0, rows: 20})
    expect(requests()).toBeGreaterThan(20)
    // One for IAM, one for the regions, one or two for the region: which of them share one is up to the moment.
    expect(asked.length).toBeLessThanOrEqual(4)
    expect(new Set(asked.map(({target}) => target))).toEqual(new Set([`${address}:443`]))
    expect(new Set(asked.map(({authorization}) => authorization))).toEqual(
      new Set([`Basic ${Buffer.from('somebody:p@ss').toString('base64')}`]),
    )
    expect(stderr).not.toMatch(/p@ss|p%40ss/)
  },
)

it.each(['socks5://127.0.0.1:9', 'http://:9', '%'])('refuses %s as a proxy, and does not repeat it', async value => {
  const env = freshEnvironment({IBMCLOUD_API_KEY: 'some-key', HTTPS_PROXY: value})
  const {code, stderr} = await runVpcmd(['instances', 'list'], {env})
  expect({code, stderr}).toEqual({
    code: 2,
    stderr: 'Error: HTTPS_PROXY is not the URL of an HTTP proxy.\nIt takes one such as http://proxy:3128.\n',
  })
})

describe('the way to a URL', () => {
  it('leads by the proxy where NO_PROXY does not say otherwise, and never where it is this machine', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy:3128')
    vi.stubEnv('NO_PROXY', '.private.iam.cloud.ibm.com,10.0.0.1')
    const routeTo = await findRoutes(process.env)
    const proxy = routeTo('https://us-south.iaas.cloud.ibm.com/v1')
    expect(proxy?.agent.constructor.name).toBe('HttpsProxyAgent')
    expect(proxy?.variable).toBe('HTTPS_PROXY')
    expect(routeTo('https://eu-de.iaas.cloud.ibm.com/v1')).toBe(proxy)
    expect(routeTo('https://10.0.0.1')).toBeUndefined()
    expect(routeTo('https://localhost:8443')).toBeUndefined()
    expect(routeTo('http://127.9.9.9:8443')).toBeUndefined()
  })

  it.each(['http://169.254.169.254', 'https://api.metadata.cloud.ibm.com'])(
    'never leads to %s by a proxy, which would answer with the identity of another machine',
    async service => {
      vi.stubEnv('ALL_PROXY', 'http://proxy:3128')
      expect((await findRoutes(process.env))(service)).toBeUndefined()
    },
  )

  it('names the variable that the proxy is from, as it is that which is to be mended', async () => {
    vi.stubEnv('HTTPS_PROXY', '')
    vi.stubEnv('HTTP_PROXY', 'http://other:3128')
    vi.stubEnv('all_proxy', 'third:3128')
    expect((await findRoutes(process.env))('https://us-south.iaas.cloud.ibm.com/v1')?.variable).toBe('all_proxy')
  })

  it('is direct without a proxy', async () => {
    expect((await findRoutes({}))('https://us-south.iaas.cloud.ibm.com/v1')).toBeUndefined()
  })
})
