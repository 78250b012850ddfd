import {type Sandbox, type SandboxOptions, startSandbox} from '../../src/sandbox/index.ts'

export const version = 'version=2026-03-24&generation=2'
export const serverTwo = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

/** Rows of a list; that the first few are there is the test's own claim. */
export type Rows = Body[] & {0: Body; 1: Body; 2: Body}

/** Every body of the API in one: all that the tests look into, wherever it is. That a test finds it there is its claim. */
export interface Body {
  access_token: string
  address: string
  availability: {class: string}
  availability_policy: {host_failure: string}
  bare_metal_servers: Rows
  cluster_network?: Body
  cluster_network_attachments: Rows
  code: string
  confidential_compute_mode: string
  crn: string
  dedicated_host?: Body
  disks: Rows
  enable_secure_boot: boolean
  encrypted_password: string
  encryption_key: {fingerprint: string}
  endpoint: string
  errorDetails?: string
  errors: Rows
  etag: string
  fingerprint: string
  first: {href: string}
  floating_ips: Rows
  force?: boolean
  href: string
  id: string
  image: Body
  images: Rows
  instance_group: Body
  instance_group_membership?: Body
  instances: Rows
  keys: Rows
  message: string
  metadata_service: {enabled: boolean; protocol: string; response_hop_limit: number}
  name: string
  network_attachments: Rows
  network_interfaces: Rows
  next: {href: string}
  numa_count?: number
  password: Body
  placement_target?: Body
  primary_ip: Body
  primary_network_attachment: Body
  primary_network_interface: Body
  profile: Body
  public_key: string
  region: Body
  regions: Rows
  reserved_ips: Rows
  reservation?: Body
  reservation_affinity: {policy: string}
  resource_group: Body
  resource_type: string
  routing_table: Body
  rules: Rows
  security_groups: Rows
  status: string
  subnet: Body
  subnets: Rows
  status_reasons: {code: string; message: string}[]
  target: Body
  templates: Rows
  text?: string
  total_count: number
  trace: string
  value?: string
  virtual_network_interface: Body
  volumes: Rows
  volume: Body
  volume_attachments: Rows
  vpc: Body
  vpcs: Rows
  zone: Body
  zones: Rows
}

export interface Answer {
  status: number
  headers: Headers
  body: Body
}

export interface Client {
  sandbox: Sandbox
  token: string
  /** Sends a request below the sandbox's URL, with token, version and generation. */
  send(path: string, init?: RequestInit): Promise<Answer>
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
}

/** A token for the sandbox's API key. */
export async function requestToken(url: string, apikey: string): Promise<Answer> {
  const form = new URLSearchParams({grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey})
  return read(await fetch(`${url}/identity/token`, {method: 'POST', body: form}))
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text()
  return {status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : {text}}
}

/** A plain client of a sandbox, on fetch alone. */
export async function clientOf(sandbox: Sandbox): Promise<Client> {
  const token: string = (await requestToken(sandbox.url, sandbox.apiKey)).body.access_token
  const send = async (path: string, init: RequestInit = {}) => {
    const url = `${sandbox.url}${path}${path.includes('?') ? '&' : '?'}${version}`
    return read(await fetch(url, {...init, headers: {authorization: `Bearer ${token}`, ...init.headers}}))
  }
  return {
    sandbox,
    token,
    send,
    patch: (path, body, headers = {}) =>
      send(path, {
        method: 'PATCH',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: {'content-type': 'application/merge-patch+json', ...headers},
      }),
  }
}

/** Runs `use` with a sandbox and a client of it, and closes the sandbox. */
export async function withSandbox<Result>(
  options: SandboxOptions,
  use: (client: Client) => Promise<Result>,
): Promise<Result> {
  const sandbox = await startSandbox({account: 'a1234567', ...options})
  try {
    return await use(await clientOf(sandbox))
  } finally {
    await sandbox.close()
  }
}

/** All rows of a list, page by page as `next.href` leads, and the pages. */
export async function allPages(
  client: Client,
  path: string,
  rows: 'bare_metal_servers' | 'floating_ips' | 'instances' | 'reserved_ips' | 'volumes' | 'vpcs',
): Promise<{rows: Body[]; pages: Body[]}> {
  const pages: Body[] = []
  let next: string | undefined = path
  while (next !== undefined) {
    const {status, body}: Answer = await client.send(next)
    if (status !== 200) throw new Error(`${next} is ${status}: ${JSON.stringify(body)}`)
    pages.push(body)
    next = body.next?.href.slice(client.sandbox.url.length)
  }
  return {rows: pages.flatMap(page => page[rows]), pages}
}
