import {ask, type Line, type NoReply, type Question} from '../cloud/transport.ts'
import {VpcmdError} from '../errors.ts'
import {jsonOf, noAnswer, refusalIn, unexpectedAnswer} from './answers.ts'
import {type Generation, generations} from './endpoints.ts'
import {textAt} from './fields.ts'

/** What the identity API answers when asked for a token, as on the wire; vpcmd reads nothing but the token. */
export type Token = Record<string, unknown> & {access_token: string}

/** Likewise for a certificate: PEM, the instance's own first, then the chain. */
export type Certificate = Record<string, unknown> & {certificates: string[]}

/** Where the service is, how it is asked, and an identity token for it. */
export interface FoundService {
  endpoint: string
  generation: Generation
  identity: Token
}

/** The metadata service of this instance. */
export class MetadataService {
  readonly identity: Token
  readonly #found: FoundService
  readonly #line: Line

  constructor(found: FoundService, line: Line) {
    this.identity = found.identity
    this.#found = found
    this.#line = line
  }

  /**
   * What the metadata API answers for a path as parseMetadataPath gives it; of a list in pages, the first page with the rows
   * of all. Throws a VpcmdError, exit 4 where there is no such thing.
   */
  async get(path: string): Promise<Record<string, unknown>> {
    const what = `Could not read ${path}`
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    const page = (more = '') =>
      this.#ask(what, 'GET', `/metadata/v1/${encoded}?version=${this.#found.generation.version}${more}`)
    const first = await page()
    let start = startAfter(first)
    const list = listIn(first)
    // Then `next` stays and says that there is more.
    if (start === undefined || list === undefined) return first
    const rowsOf = ({[list]: rows}: Record<string, unknown>) => (Array.isArray(rows) ? rows : this.#garbage(what))
    let rows: unknown[] = rowsOf(first)
    for (let pages = 1; start !== undefined; pages++) {
      if (pages === mostPages) throw noAnswer(what, this.#found.endpoint, endless)
      const following = await page(`&start=${encodeURIComponent(start)}`)
      rows = rows.concat(rowsOf(following))
      start = startAfter(following)
    }
    return {...first, [list]: rows, next: undefined}
  }

  /** This instance, which has an ID. Throws a VpcmdError. */
  async instance(): Promise<Record<string, unknown>> {
    const answer = await this.get('instance')
    return textAt(answer, 'id') ? answer : this.#garbage('Could not read instance')
  }

  /** An IAM token for a trusted profile by its ID or CRN, the instance's default profile without. */
  async iamToken(profile: string | undefined): Promise<Token> {
    const body =
      profile === undefined ? {} : {trusted_profile: profile.startsWith('crn:') ? {crn: profile} : {id: profile}}
    const what = profile === undefined ? 'No IAM token by the default trusted profile' : `No IAM token by ${profile}`
    const answer = await this.#identify(what, 'iamToken', body).catch((error: unknown) => {
      const hasNone = profile === undefined && error instanceof VpcmdError && error.code === 'missing_field'
      if (!hasNone) throw error
      throw error.reworded({
        message: 'No IAM token: this instance has no default trusted profile.',
        hint: 'Name one that is linked to it with --trusted-profile.',
      })
    })
    return tokenIn(answer) ?? this.#garbage(what)
  }

  /** An identity certificate for a certificate signing request in PEM, good for `expiresIn` seconds. */
  async certificate(csr: string, expiresIn: number | undefined): Promise<Certificate> {
    const answer = await this.#identify('No certificate', 'certificates', {csr, expires_in: expiresIn})
    const {certificates} = answer
    const isChain = Array.isArray(certificates) && certificates.length > 0 && certificates.every(isCertificate)
    return isChain ? {...answer, certificates} : this.#garbage('No certificate')
  }

  /** The identity API's newer path, or the older one where that is not known. */
  async #identify(what: string, call: 'iamToken' | 'certificates', body: object): Promise<Record<string, unknown>> {
    const path = ({version, ...paths}: Generation) => `${paths[call]}?version=${version}`
    try {
      return await this.#ask(what, 'POST', path(this.#found.generation), body)
    } catch (error) {
      const older = generations[generations.indexOf(this.#found.generation) + 1]
      if (!older || !(error instanceof VpcmdError) || error.status !== 404) throw error
      return this.#ask(what, 'POST', path(older), body)
    }
  }

  async #ask(what: string, method: Question['method'], path: string, body?: object): Promise<Record<string, unknown>> {
    const headers = {authorization: `Bearer ${this.identity.access_token}`}
    // A token or a certificate more does no harm.
    const reply = await ask(
      {method, url: `${this.#found.endpoint}${path}`, headers, body, isRepeatable: true},
      this.#line,
    )
    if (reply.kind === 'none') throw noAnswer(what, this.#found.endpoint, reply)
    const json = jsonOf(reply)
    if (reply.status < 200 || reply.status > 299 || !json || refusalIn(json)?.code) {
      throw unexpectedAnswer(what, this.#found.endpoint, reply, this.identity.access_token)
    }
    return json
  }

  #garbage(what: string): never {
    throw new VpcmdError({
      code: 'no_metadata_service',
      message: `${what}: the answer of ${this.#found.endpoint} does not contain one.`,
      hint: 'To find out more, run: vpcmd imds doctor',
    })
  }
}

// A page holds 50 rows where nobody says how many, and a bare metal server has at most some hundred network interfaces.
const mostPages = 20
const endless: NoReply = {kind: 'none', why: 'too-big', code: '', connected: true}

/** The name of the list that an answer is a page of; undefined where there is none, or more than one. */
function listIn(page: Record<string, unknown>): string | undefined {
  const [list, ...others] = Object.keys(page).filter(name => Array.isArray(page[name]))
  return others.length > 0 ? undefined : list
}

/** The `start` of the page after this one, which is asked of the same service whatever host its `href` names. */
function startAfter(page: unknown): string | undefined {
  const href = textAt(page, 'next.href')
  const base = 'http://localhost'
  return href !== '' && URL.canParse(href, base)
    ? (new URL(href, base).searchParams.get('start') ?? undefined)
    : undefined
}

/** The token in an answer; undefined where there is none that a header could carry. */
export function tokenIn(answer: Record<string, unknown> | undefined): Token | undefined {
  const token = answer?.access_token
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? {...answer, access_token: token} : undefined
}

function isCertificate(text: unknown): text is string {
  return typeof text === 'string' && /^-----BEGIN CERTIFICATE-----[\s\w+/=]+-----END CERTIFICATE-----\s*$/.test(text)
}
