import {readFile} from 'node:fs/promises'
import {beforeEach, describe, expect, it} from 'vitest'
import {type Diagnosis, diagnose, type Finding} from '../../src/imds/doctor.ts'
import type {ServiceOptions} from '../../src/imds/find-service.ts'
import {checkHopLimit, checkName, checkRoute, readRoutes} from '../../src/imds/machine-checks.ts'
import {hostsEntries, type Surroundings} from '../../src/imds/surroundings.ts'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {json, serve, serveRaw, tokenWith} from '../support/metadata-server.ts'
import {untilTestEnds} from '../support/until-test-ends.ts'

const quiet: Surroundings = {
  env: {},
  platform: 'linux',
  now: Date.now,
  container: async () => undefined,
  addresses: async () => ({found: ['169.254.169.254']}),
  routes: async () => '',
}

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = untilTestEnds(await startSandbox({metadata: {off: 'reset'}}))
})

/** The diagnosis, however busy this machine is. */
function examine(options: ServiceOptions, surroundings: Surroundings): Promise<Diagnosis> {
  return diagnose({timeoutMs: 60_000, ...options}, surroundings)
}

/** The problems found, by the name of their check. */
function problems({ok, checks}: Diagnosis): Record<string, Finding> {
  const found = checks.filter(({state}) => state === 'problem')
  expect(ok).toBe(found.length === 0)
  return Object.fromEntries(found.map(finding => [finding.check, finding]))
}

async function instanceWith(settings: object, trustedProfile = true): Promise<{id: string; url: string; ca: string}> {
  const {id} = await sandbox.fleet.add({
    name: 'patient',
    zone: 'us-south-1',
    trustedProfile,
    metadata_service: settings,
  })
  const {url, ca_file} = await sandbox.metadataAddress(id)
  return {id, url, ca: ca_file}
}

describe('a service that is well', () => {
  it('has no problem, and is named', async () => {
    const {id, url} = await instanceWith({enabled: true})
    const diagnosis = await examine({endpoint: url}, quiet)
    expect(problems(diagnosis)).toEqual({})
    const found = Object.fromEntries(diagnosis.checks.map(({check, finding}) => [check, finding]))
    expect(found).toMatchObject({
      'Metadata service': expect.stringContaining(url),
      Protocol: 'http.',
      Metadata: expect.stringContaining(id),
      'Trusted profile': expect.stringContaining('Profile-'),
    })
  })

  it('needs no trusted profile', async () => {
    const {url} = await instanceWith({enabled: true}, false)
    const diagnosis = await examine({endpoint: url}, quiet)
    expect(problems(diagnosis)).toEqual({})
    expect(diagnosis.checks.at(-1)?.finding).toContain('no default one')
  })
})

describe('told apart', () => {
  it('the service is off', async () => {
    const {url} = await instanceWith({enabled: false})
    const found = problems(await examine({endpoint: url}, quiet))
    expect(Object.keys(found)).toEqual(['Metadata service'])
    expect(found['Metadata service']?.remedy).toMatch(/vpcmd metadata enable.*stopped and started/)
  })

  it('the service is off, and says so', async () => {
    const server = await serve((_request, response) => {
      json(response, 403, {errors: [{code: 'unauthorized', message: 'Not enabled.'}]})
    })
    const found = problems(await examine({endpoint: server.url}, quiet))
    expect(found['Metadata service']).toMatchObject({
      finding: expect.stringContaining('is off'),
      remedy: expect.stringContaining('vpcmd metadata enable'),
    })
  })

  it.each([
    ['http', 'https'],
    ['https', 'http'],
  ] as const)('it speaks %s, and %s was asked', async (protocol, asked) => {
    const {id, url, ca} = await instanceWith({enabled: true, protocol})
    const endpoint = url.replace(/^\w+/, asked)
    const found = problems(await examine({endpoint, ca: await readFile(ca, 'utf8')}, quiet))
    expect(Object.keys(found)).toEqual(['Protocol'])
    expect(found.Protocol?.remedy).toContain(`--endpoint ${url}`)
    expect(found.Protocol?.remedy).toContain(`vpcmd metadata enable ${id} --protocol ${asked}`)
  })

  it('its certificate is not trusted', async () => {
    const {url} = await instanceWith({enabled: true, protocol: 'https'})
    const found = problems(await examine({endpoint: url}, quiet))
    expect(Object.keys(found)).toEqual(['Metadata service', 'Certificate'])
    expect(found.Certificate?.remedy).toContain('--ca-file')
  })

  it('something else is in its place', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(404, {'content-type': 'text/html'}).end('<h1>Not found')
    })
    const found = problems(await examine({endpoint: server.url}, quiet))
    expect(found['Metadata service']?.finding).toContain('no answer of a metadata service')
  })

  it('the trusted profile is not linked', async () => {
    const crn = 'crn:v1:bluemix:public:is:us-south-1:a/1::instance:0717_1'
    const server = await serve(({method, url}, response) => {
      if (method === 'PUT')
        json(response, 200, {access_token: tokenWith({iaas: {crn}, iat: Math.floor(Date.now() / 1000)})})
      else if (method === 'POST') json(response, 400, {errors: [{code: 'profile_not_linked', message: 'Not linked.'}]})
      else if (url.includes('initialization'))
        json(response, 200, {default_trusted_profile: {target: {id: 'Profile-1'}}})
      else json(response, 200, {id: 'x'})
    })
    const found = problems(await examine({endpoint: server.url}, quiet))
    expect(Object.keys(found)).toEqual(['Trusted profile'])
    expect(found['Trusted profile']?.remedy).toBe(
      `ibmcloud iam trusted-profile-link-create Profile-1 --name <link> --cr-type VSI --link-crn ${crn}`,
    )
  })

  it('whatever the service says, what is to be pasted into a shell holds none of its tricks, and no token is told', async () => {
    const crn = 'crn:v1:a; id #'
    const token = tokenWith({iaas: {crn, instanceID: '-$(id)'}, iat: Math.floor(Date.now() / 1000)})
    const server = await serve(({method, url}, response) => {
      if (method === 'PUT') json(response, 200, {access_token: token})
      else if (method === 'POST') json(response, 400, {errors: [{code: 'profile_not_linked', message: 'Not linked.'}]})
      else if (url.includes('initialization'))
        json(response, 200, {default_trusted_profile: {target: {id: '--x `id`'}}})
      else json(response, 500, {errors: [{code: 'odd', message: `You sent ${token}.`}]})
    })
    const found = problems(await examine({endpoint: server.url}, quiet))
    expect(found['Trusted profile']?.remedy).toBe(
      'ibmcloud iam trusted-profile-link-create <profile> --name <link> --cr-type VSI --link-crn <CRN of the instance>',
    )
    expect(found.Metadata?.finding).toBe('Could not read instance: You sent [token].')
    const other = problems(await examine({endpoint: server.url.replace('http:', 'https:')}, quiet))
    expect(other.Protocol?.remedy).toContain('vpcmd metadata enable INSTANCE --protocol https')
  })

  it('a service that gives a token and then tells nothing is not well, and nothing is made up about profiles', async () => {
    for (const body of ['{}', 'nonsense']) {
      const server = await serve(({method}, response) => {
        if (method === 'PUT') return false
        response.writeHead(200).end(body)
      })
      const {checks} = await examine({endpoint: server.url}, {...quiet, now: () => 1_795_000_000_000})
      const metadata = checks.find(({check}) => check === 'Metadata')
      expect(metadata).toMatchObject({state: 'problem', remedy: expect.stringContaining('Something else')})
      expect(checks.some(({check}) => check === 'Trusted profile')).toBe(body === '{}')
    }
  })

  it('a failure is told with the trace that support asks for', async () => {
    const server = await serve(({method}, response) => {
      if (method === 'PUT') return false
      const isMetadata = method === 'GET'
      const errors = [{code: 'service_error', message: 'An internal error occurred.'}]
      json(response, 500, {errors, trace: isMetadata ? 'TRACE-1' : 'TRACE-2'})
    })
    const found = problems(await examine({endpoint: server.url}, {...quiet, now: () => 1_795_000_000_000}))
    expect(found.Metadata?.finding).toBe('Could not read instance: An internal error occurred. (trace: TRACE-1)')
  })

  it.each([
    [-3600_000, 'behind'],
    [3600_000, 'ahead of'],
  ])('the clock is off by %d ms', async (off, direction) => {
    const {url} = await instanceWith({enabled: true})
    const found = problems(await examine({endpoint: url}, {...quiet, now: () => Date.now() + off}))
    expect(Object.keys(found)).toEqual(['Clock'])
    expect(found.Clock?.finding).toMatch(new RegExp(`(59|60) minutes ${direction} `))
  })

  it('proxies are in the way, but for those that are told to leave it', async () => {
    const {url} = await instanceWith({enabled: true})
    const under = async (env: Record<string, string>) => problems(await examine({endpoint: url}, {...quiet, env}))
    const found = await under({HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'localhost,169.254.169.254'})
    expect(Object.keys(found)).toEqual(['Proxies'])
    expect(found.Proxies?.remedy).toContain('api.metadata.cloud.ibm.com')
    expect(found.Proxies?.remedy).not.toContain('169.254.169.254,')
    for (const other of ['169.253.0.0/16', '169.254.0.0/33', '169.254.0.0/', '/16']) {
      const {Proxies} = await under({http_proxy: 'http://proxy:3128', NO_PROXY: `${other},.ibm.com`})
      expect(Proxies?.remedy).toContain('169.254.169.254')
    }
    for (const exempt of [
      '*',
      '169.254.169.254,api.metadata.cloud.ibm.com',
      '169.254.169.254, .ibm.com',
      '169.254.169.254,*.ibm.com',
      '169.254.0.0/16,.cloud.ibm.com',
    ]) {
      expect(await under({http_proxy: 'http://proxy:3128', NO_PROXY: exempt})).toEqual({})
    }
  })
})

describe('the hop limit', () => {
  const inContainer = {...quiet, container: async () => '/.dockerenv exists'}

  it('is no problem where the service answers in a container', async () => {
    const {url} = await instanceWith({enabled: true})
    expect(problems(await examine({endpoint: url}, inContainer))).toEqual({})
  })

  it('is not blamed where something took the connection', async () => {
    const silent = await serveRaw()
    const diagnosis = await examine({endpoint: silent.url, timeoutMs: 200}, inContainer)
    expect(Object.keys(problems(diagnosis))).toEqual(['Metadata service'])
  })

  it('may be it in a container where nothing comes back', async () => {
    expect(checkHopLimit('/.dockerenv exists', false, true)).toMatchObject({
      state: 'problem',
      finding: expect.stringContaining('looks the same as a service that is off'),
      remedy: expect.stringContaining('vpcmd metadata enable INSTANCE --hop-limit 2'),
    })
    expect(checkHopLimit(undefined, false, true)).toMatchObject({state: 'ok'})
  })
})

describe('the route on Windows', () => {
  const table = (more = '') =>
    `
===========================================================================
Interfaceliste
 12...02 00 01 0a 5e 3b ......Red Hat VirtIO Ethernet Adapter
===========================================================================

IPv4-Routentabelle
===========================================================================
Aktive Routen:
     Netzwerkziel    Netzwerkmaske          Gateway    Schnittstelle Metrik
          0.0.0.0          0.0.0.0       10.240.9.1      10.240.9.20    271
          0.0.0.0          0.0.0.0       10.240.0.1      10.240.0.20     15
        127.0.0.0        255.0.0.0   Auf Verbindung         127.0.0.1    331
      169.254.0.0      255.255.0.0   Auf Verbindung       10.240.0.20    271
${more}===========================================================================
`.replaceAll('\n', '\r\n')

  it('is read whatever the language', () => {
    expect(readRoutes(table())).toEqual({gateway: '10.240.0.1', hasRoute: false})
    const added = '  169.254.169.254  255.255.255.255       10.240.0.1      10.240.0.20     16\n'
    expect(readRoutes(table(added))).toEqual({gateway: '10.240.0.1', hasRoute: true})
    expect(readRoutes('')).toEqual({gateway: undefined, hasRoute: false})
  })

  it('is printed with the gateway where it is missing', () => {
    const silent = [
      {
        endpoint: 'http://169.254.169.254',
        outcome: {kind: 'none', why: 'timeout', code: '', connected: false},
      },
    ] as const
    expect(checkRoute([...silent], table(), 'win32')?.remedy).toContain(
      'route -p add 169.254.169.254 MASK 255.255.255.255 10.240.0.1',
    )
    expect(checkRoute([...silent], '', 'win32')?.remedy).toContain('255.255.255.255 <default gateway>')
    expect(checkRoute([...silent], table(), 'linux')).toBeUndefined()
    const unreachable = {
      endpoint: 'http://169.254.169.254',
      outcome: {kind: 'none', why: 'unreachable', code: 'ENETUNREACH', connected: false},
    } as const
    expect(checkRoute([...silent, unreachable], table(), 'win32')?.remedy).toContain('route -p add')
  })
})

describe('the host name', () => {
  it('is well only where it leads to the service', () => {
    expect(checkName({found: ['169.254.169.254']})).toMatchObject({state: 'ok'})
    expect(checkName({found: ['203.0.113.7']})).toMatchObject({
      state: 'problem',
      finding: expect.stringContaining('203.0.113.7'),
    })
    expect(checkName({code: 'ENOTFOUND'})).toMatchObject({
      state: 'problem',
      remedy: expect.stringContaining('/etc/hosts'),
    })
  })

  it('is looked for in the hosts file, too', () => {
    const text =
      '127.0.0.1 localhost\n169.254.169.254\tapi.metadata.cloud.ibm.com imds # ours\n# 1.2.3.4 api.metadata.cloud.ibm.com\n'
    expect(hostsEntries(text, 'api.metadata.cloud.ibm.com')).toEqual(['169.254.169.254'])
  })
})
