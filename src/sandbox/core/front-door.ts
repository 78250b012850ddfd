import type {Context, Next} from 'hono'
import {ApiError, invalidRoute} from './api-error.ts'
import type {Environment} from './environment.ts'

type Request = Context<Environment>

/** Whether a text is a real date, as YYYY-MM-DD. */
export function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

/** Throws 400 where `version` (YYYY-MM-DD, 2019-01-01 to today) or `generation` (2) is missing or wrong; ibm-cloud-docs/vpc errors.md. */
export function checkVersion(c: Request, now: number): void {
  const {version, generation} = c.req.query()
  const refuse = (code: string, name: string, value: string | undefined, message: string) =>
    new ApiError(400, code, message, {name, type: 'parameter', ...(value && {value})})
  const wrongVersion = (kind: string, message: string) => refuse(kind, 'version', version, `The \`version\` ${message}`)
  if (!version) {
    throw wrongVersion('missing_version', 'parameter is required, and it must be of the form `YYYY-MM-DD`.')
  }
  if (!isDate(version)) {
    throw wrongVersion('invalid_version', 'parameter is invalid, it must be of the form `YYYY-MM-DD`.')
  }
  if (version < '2019-01-01' || version > new Date(now).toISOString().slice(0, 10)) {
    throw wrongVersion('invalid_version_range', 'value cannot be set at a future date nor before `2019-01-01`.')
  }
  if (generation === '2') return
  const [kind, what] = generation ? ['invalid', 'invalid'] : ['missing', 'required']
  const message = `The generation query parameter is ${what}.`
  throw refuse(`${kind}_generation_parameter`, 'generation', generation, message)
}

/** The bearer token of a request; undefined where there is none. */
export function bearerOf(c: Context): string | undefined {
  const [scheme, token, ...more] = (c.req.header('authorization') ?? '').trim().split(/\s+/)
  return scheme?.toLowerCase() === 'bearer' && more.length === 0 ? token : undefined
}

/**
 * Refuses (403) a request whose host is not 127.0.0.1 or localhost, and one that a browser sends for a page of another
 * origin: no web page may reach the sandbox, not even one whose name resolves to 127.0.0.1.
 */
export async function onlyOwnHost(c: Request, next: Next): Promise<void> {
  const {localPort} = c.env.incoming.socket
  const host = c.env.incoming.headers.host ?? ''
  if (host !== `127.0.0.1:${localPort}` && host !== `localhost:${localPort}`) {
    const message = 'The sandbox answers to 127.0.0.1 and localhost only.'
    throw new ApiError(403, 'foreign_host', message, {name: 'Host', type: 'header', value: host})
  }
  // Browsers alone send it, and no page can change it (W3C, Fetch Metadata Request Headers).
  const site = c.req.header('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    const message = 'The sandbox answers to no web page from elsewhere.'
    throw new ApiError(403, 'foreign_page', message, {name: 'Sec-Fetch-Site', type: 'header', value: site})
  }
  c.set('origin', `http://${host}`)
  await next()
}

/** Sets the region of the path (`/us-south/v1/…`, or `/v1/…` for the first), and what hrefs begin with. Throws 404 for an unknown region. */
export function enterRegion(c: Request, regions: readonly Environment['Variables']['region'][]): void {
  const name = c.req.param('region')
  const region = name === undefined ? regions[0] : regions.find(each => each.name === name)
  if (region === undefined) throw invalidRoute()
  c.set('region', region)
  c.set('base', `${c.get('origin')}${name === undefined ? '' : `/${name}`}/v1`)
}

/**
 * Limits the requests within any one second, for each key; without a number nothing. Gives undefined where the request at
 * `now` (epoch milliseconds) may pass, else the whole seconds to wait.
 */
export function rateLimit(perSecond = Number.POSITIVE_INFINITY): (key: string, now: number) => number | undefined {
  const accepted = new Map<string, number[]>()
  return (key, now) => {
    if (perSecond === Number.POSITIVE_INFINITY) return undefined
    const recent = (accepted.get(key) ?? []).filter(time => now - time < 1000)
    accepted.set(key, recent)
    const [oldest] = recent
    if (oldest !== undefined && recent.length >= perSecond) return Math.ceil((oldest + 1000 - now) / 1000)
    recent.push(now)
    return undefined
  }
}
