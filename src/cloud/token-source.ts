import {existsSync} from 'node:fs'
import type {AuthenticatorInterface} from 'ibm-cloud-sdk-core'
import {exitCodes, usageError, VpcmdError} from '../errors.ts'
import {readPrivateJson, writePrivate} from '../files/private-file.ts'
import {claimsIn} from '../jwt-claims.ts'
import type {Credentials} from './credential-kinds.ts'
import {number, type Raw, text} from './readers/fields.ts'
import type {Account} from './regions.ts'
import {type Pacing, RequestFailure, unreadable, withRetries} from './retries.ts'
import {retryPolicy} from './retry-policy.ts'
import {type SdkAdapter, sdkAdapter} from './sdk-adapter.ts'
import {describeTokenFailure} from './service-errors.ts'
import type {Line} from './transport.ts'

/** A cached token that has less than this to live is renewed: a command should not outlive its token. */
const leastKeptMs = 5 * 60_000
/** So long before its end a token is no longer sent: a request takes its time. */
const spareMs = 10_000

export interface TokenSourceOptions
  extends Pick<Credentials, 'asked' | 'create' | 'isRenewable' | 'secrets' | 'leastLifeMs'> {
  /** Where the token is kept between commands; undefined keeps it in memory only. */
  cacheFile: string | undefined
  /** The account that every token must be of, or it is not used; undefined for any. */
  account?: Account | undefined
  pacing: Pacing
  lineTo(url: string): Line
}

export interface Caller {
  /** The account's ID. */
  account: string
  /** The IAM ID of the user or service ID, such as IBMid-… or iam-ServiceId-…. */
  iamId: string
}

/** What a token says of whose it is; undefined where it does not say (IBM-Cloud/ibm-cloud-cli-sdk, core_config/iam_token.go). */
export interface Identity extends Partial<Caller> {
  name: string | undefined
  email: string | undefined
  /** The trusted profile that it is of. */
  profileId: string | undefined
  /** Who assumed that profile. */
  assumedBy: string | undefined
  /** Epoch milliseconds. */
  expiresAt: number | undefined
}

interface Token {
  /** What goes into the header Authorization. */
  header: string
  /** What it says of itself. */
  claims: Raw
  /** Epoch milliseconds; undefined where it does not say. */
  expiresAt: number | undefined
  /** When another is asked for, in epoch milliseconds. */
  renewAt: number
  /** When it came, in epoch milliseconds; 0 for one that an earlier command kept. */
  givenAt: number
}

/**
 * The tokens of any of IBM's authenticators: asked for as the retry policy says, kept between commands, renewed when they
 * are refused, and failing under the name of who did not give one, or gave one of another account than asked for.
 */
export class TokenSource implements AuthenticatorInterface {
  readonly #options: TokenSourceOptions
  readonly #adapter: SdkAdapter
  #inner: AuthenticatorInterface | undefined
  #token: Token | undefined
  #pending: Promise<Token> | undefined
  #ignoreCache = false
  /** Whether a token was ever given for these credentials, in this command or in an earlier one. */
  #areGood = false
  /** Of the first token; undefined within where it names none. */
  #first: {account: string | undefined} | undefined
  #failure: RequestFailure | undefined

  constructor(options: TokenSourceOptions) {
    this.#options = options
    this.#adapter = this.#retryingAdapter()
    // An authenticator that can't be made is an error at once. Making one takes time, and with a kept token none may be needed.
    if (options.cacheFile === undefined || !existsSync(options.cacheFile)) this.#authenticator()
  }

  authenticationType(): string {
    return this.#authenticator().authenticationType()
  }

  async authenticate(request: {headers?: object}): Promise<void> {
    request.headers = {...request.headers, Authorization: (await this.ready()).header}
  }

  /** The present token itself, to be shown to IAM. Throws VpcmdError. */
  async accessToken(): Promise<string> {
    return (await this.ready()).header.replace(/^Bearer /, '')
  }

  /**
   * Drops the token that a request was refused with; one that came after `requestedAt` (epoch ms) is kept. False where
   * there is no other.
   */
  renew(requestedAt: number): boolean {
    if (!this.#options.isRenewable) return false
    if (!this.#token || this.#token.givenAt > requestedAt) return true
    // One that an earlier command kept, and that is refused, may be of a sandbox that has ended: it vouches for no account.
    if (this.#token.givenAt === 0) this.#first = undefined
    this.#token = undefined
    this.#ignoreCache = true
    this.#inner = undefined
    return true
  }

  /** Whose the tokens are, by their claims, with `isFresh` not those of a kept one. Throws VpcmdError, exit 3, for a token without an account. */
  async caller({isFresh} = {isFresh: false}): Promise<Caller> {
    if (isFresh && (await this.ready()).givenAt === 0) this.renew(0)
    const {account, iamId} = await this.identity()
    if (account !== undefined && iamId !== undefined) return {account, iamId}
    throw untoldAccount('Changes are recorded with their account: use an IAM API key.')
  }

  /** All that the present token says of whose it is. Throws VpcmdError where there is none. */
  async identity(): Promise<Identity> {
    const {claims, expiresAt} = await this.ready()
    const iamId = text(claims, 'iam_id')
    // The IAM ID of a profile is its ID after `iam-` (IBM's API of IAM Identity, trusted profiles).
    const [, profileId] = /^iam-(Profile-.+)$/.exec(iamId ?? '') ?? []
    const isOther = profileId !== undefined && text(claims, 'authn', 'iam_id') !== iamId
    return {
      account: accountIn(claims),
      iamId,
      name: text(claims, 'name'),
      email: text(claims, 'email'),
      profileId,
      assumedBy: isOther ? text(claims, 'authn', 'sub') : undefined,
      expiresAt,
    }
  }

  /** Sees that there is a token, and gives it. Throws VpcmdError. */
  ready(): Promise<Token> {
    const known = this.#token
    if (known && known.renewAt > this.#options.pacing.now()) return Promise.resolve(known)
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #ask(): Promise<Token> {
    const {cacheFile, pacing, asked, lineTo, leastLifeMs = spareMs} = this.#options
    const kept = cacheFile && !this.#ignoreCache ? await this.#readCache(cacheFile) : undefined
    if (kept) {
      this.#areGood = true
      this.#token = kept
      return kept
    }
    this.#failure = undefined
    const authenticator = this.#authenticator()
    const request: {headers: Record<string, string>} = {headers: {}}
    try {
      await authenticator.authenticate(request)
    } catch (error) {
      // IBM's core lets whoever asks again within a minute wait for ever where reading a token's file failed.
      this.#inner = undefined
      const peer = {...asked, proxy: lineTo(asked.url).proxy?.variable}
      throw describeTokenFailure(this.#failure ?? error, peer, this.#options.secrets)
    }
    const header = request.headers.Authorization ?? ''
    const claims = claimsIn(header) ?? {}
    this.#checkAccount(claims)
    const [givenAt, exp] = [pacing.now(), number(claims, 'exp')]
    const expiresAt = exp === undefined ? undefined : exp * 1000
    // One that lives no longer when it comes is used to its end.
    const isShort = expiresAt !== undefined && expiresAt - givenAt <= leastLifeMs
    const renewAt = renewalOf(expiresAt, isShort ? spareMs : leastLifeMs)
    const token = {header, claims, expiresAt, renewAt, givenAt}
    this.#areGood = true
    this.#ignoreCache = false
    this.#token = token
    if (cacheFile && expiresAt !== undefined) {
      const kept = {access_token: header.replace(/^Bearer /, ''), expiration: expiresAt / 1000}
      await writePrivate(cacheFile, JSON.stringify(kept)).catch((error: NodeJS.ErrnoException) => {
        this.#note(`the token could not be kept for the next command: ${error.code ?? error.message}`)
      })
    }
    return token
  }

  /**
   * Throws VpcmdError for a token of another account than asked for, or than the first one was of: what was found in one is
   * not sent to another. IAM may give another when it is renewed, and whoever is signed in to ibmcloud may choose another.
   */
  #checkAccount(claims: Raw): void {
    const {account, asked} = this.#options
    const given = accountIn(claims)
    if (account && given !== account.id) {
      if (given === undefined) throw untoldAccount(`It may be of another than ${account.id}: nothing was asked there.`)
      const whose = asked.profile === undefined ? '' : ` of the trusted profile ${asked.profile}`
      throw usageError(
        `The credentials${whose} are of account ${given}, and not of ${account.id}: nothing was asked there.`,
        asked.profile === undefined
          ? 'To work in another account, pass --assume with the name of a trusted profile of it.'
          : `Pass the name of a trusted profile of account ${account.id}, or --account ${given}.`,
      )
    }
    this.#first ??= {account: given}
    if (given === this.#first.account) return
    const [before, now] = [this.#first.account, given].map(id => (id === undefined ? 'no account' : `account ${id}`))
    throw new VpcmdError({
      code: 'other_account',
      message: `${asked.name} gave a token that names ${now} in place of ${before}: it is not used.`,
      hint: 'See vpcmd whoami, and run the command again.',
      isUnsent: true,
      exitCode: exitCodes.denied,
    })
  }

  #authenticator(): AuthenticatorInterface {
    this.#inner ??= this.#options.create(this.#adapter, this.#options.pacing.now)
    return this.#inner
  }

  /** Each token request of the authenticator, of which some take two, tried as the policy says. */
  #retryingAdapter(): SdkAdapter {
    const {pacing, lineTo, asked} = this.#options
    const send = sdkAdapter(lineTo, pacing.now)
    const {longestTimeoutMs} = asked.isMetadataService ? retryPolicy.metadataToken : retryPolicy.token
    const timeoutMs = Math.min(pacing.timeoutMs, longestTimeoutMs)
    return async request => {
      try {
        return await withRetries(
          async signal => {
            const answer = await send({...request, signal})
            if (!hasToken(answer.data)) throw unreadable(answer.data)
            return answer
          },
          {
            who: asked.name,
            budget: 'token',
            repeatable: true,
            // Credentials that were good have not become wrong: to change many, one bad answer must not fail them all.
            alsoOn: this.#areGood ? [401] : [],
            pacing: {...pacing, timeoutMs},
          },
        )
      } catch (error) {
        if (error instanceof RequestFailure) this.#failure = error
        throw error
      }
    }
  }

  async #readCache(file: string): Promise<Token | undefined> {
    try {
      const kept = await readPrivateJson(file)
      const {access_token: token, expiration} = Object(kept)
      const isWhole = typeof token === 'string' && isJwt(token) && Number.isFinite(expiration)
      if (isWhole && expiration * 1000 - this.#options.pacing.now() >= leastKeptMs) {
        const claims = claimsIn(token) ?? {}
        this.#checkAccount(claims)
        const expiresAt = expiration * 1000
        return {header: `Bearer ${token}`, claims, expiresAt, renewAt: renewalOf(expiresAt, spareMs), givenAt: 0}
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT')
        this.#note(`the kept token could not be read (${code ?? 'not JSON'}): asking for a new one`)
    }
    return undefined
  }

  #note(text: string): void {
    this.#options.lineTo(this.#options.asked.url).log?.note(text)
  }
}

function untoldAccount(hint: string): VpcmdError {
  const message = 'The IAM token does not say which account it is for.'
  return new VpcmdError({code: 'no_account', message, hint, exitCode: exitCodes.denied})
}

/** Whether there is a token in an answer that a header can carry. */
function hasToken(answer: unknown): boolean {
  const {access_token: token} = Object(answer)
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)
}

function isJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)
}

/** The account that a token is for, by its claims. */
function accountIn(claims: Raw): string | undefined {
  return text(claims, 'account', 'bss')
}

/** When a token is no longer sent that ends then. */
function renewalOf(expiresAt: number | undefined, earlierMs: number): number {
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt - earlierMs
}
