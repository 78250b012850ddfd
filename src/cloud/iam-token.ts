import {IamAuthenticator, IamTokenManager} from 'ibm-cloud-sdk-core'
import {readPrivateJson, writePrivateJson} from '../files/private-file.ts'
import {type Pacing, RequestFailure, UnreadableAnswer, withRetries} from './retries.ts'
import {describeTokenFailure} from './service-errors.ts'
import {type WireLog, watchRequests} from './wire-log.ts'

/** A cached token that has less than this to live is renewed: a command should not outlive its token. */
const leastLifeMs = 5 * 60 * 1000

export interface IamTokenOptions {
  apikey: string
  /** IAM's base URL, such as https://iam.cloud.ibm.com. */
  url: string
  /** Where the token is kept between commands; undefined keeps it in memory only. */
  cacheFile: string | undefined
  pacing: Pacing
  log: WireLog | undefined
  /** Axios options of the SDK's, such as `proxy: false`. */
  http: object
}

interface CachedToken {
  access_token: string
  /** Epoch seconds, as IAM sends it. */
  expiration: number
}

/** IBM's IAM authenticator, with the token kept between commands and the token request tried as the retry policy says. */
export class CachedIamAuthenticator extends IamAuthenticator {
  private readonly cachedTokens: CachedTokenManager

  constructor(options: IamTokenOptions) {
    super({apikey: options.apikey, url: options.url})
    this.cachedTokens = new CachedTokenManager(options)
    this.tokenManager = this.cachedTokens
  }

  /** Drops the token that a request was refused with; one that IAM gave after `requestedAt` (epoch ms) is kept. */
  renew(requestedAt: number): void {
    this.cachedTokens.renew(requestedAt)
  }
}

class CachedTokenManager extends IamTokenManager {
  private readonly settings: IamTokenOptions
  /** When IAM gave the token; 0 for one that was kept by an earlier command. */
  private givenAt = 0
  private ignoreCache = false
  /** Whether IAM has given a token for this key before, in this command or in an earlier one. */
  private isKeyGood = false

  constructor(options: IamTokenOptions) {
    super({...options.http, apikey: options.apikey, url: options.url})
    this.settings = options
    watchRequests(this.requestWrapperInstance.getHttpClient(), options.log)
  }

  renew(requestedAt: number): void {
    if (this.givenAt > requestedAt) return
    this.expireTime = 0
    this.ignoreCache = true
  }

  protected override async requestToken(): Promise<{result: CachedToken}> {
    const {cacheFile, pacing, log} = this.settings
    const kept = cacheFile && !this.ignoreCache ? await this.readCache(cacheFile) : undefined
    const result = kept ?? (await this.requestNewToken())
    this.isKeyGood = true
    this.givenAt = kept ? 0 : pacing.now()
    this.ignoreCache = false
    if (!kept && cacheFile) {
      const token: CachedToken = {access_token: result.access_token, expiration: result.expiration}
      await writePrivateJson(cacheFile, token).catch((error: NodeJS.ErrnoException) => {
        log?.note(`the token could not be kept for the next command: ${error.code ?? error.message}`)
      })
    }
    return {result}
  }

  private async requestNewToken(): Promise<CachedToken> {
    const http = this.requestWrapperInstance.getHttpClient()
    try {
      const answer = await withRetries(
        async signal => {
          http.defaults.signal = signal
          const answer = await super.requestToken()
          if (!isToken(answer.result)) throw new UnreadableAnswer(answer.result)
          return answer
        },
        // A key that was good has not become a wrong one: to change many, one bad answer must not fail them all.
        {repeatable: true, alsoOn: this.isKeyGood ? [401] : [], pacing: this.settings.pacing},
      )
      return answer.result
    } catch (error) {
      const {url, apikey} = this.settings
      throw error instanceof RequestFailure ? describeTokenFailure(error, url, [apikey]) : error
    }
  }

  private async readCache(file: string): Promise<CachedToken | undefined> {
    const {pacing, log} = this.settings
    try {
      const token = await readPrivateJson(file)
      if (isToken(token) && token.expiration * 1000 - pacing.now() >= leastLifeMs) return token
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT') log?.note(`the kept token could not be read (${code ?? 'not JSON'}): asking for a new one`)
    }
    return undefined
  }
}

function isToken(value: unknown): value is CachedToken {
  if (typeof value !== 'object' || value === null) return false
  const {access_token, expiration} = value as Partial<CachedToken>
  // Three dot-separated parts: anything else would end in the SDK's decoder as an error instead of a token request.
  return (
    typeof access_token === 'string' && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(access_token) && Number.isFinite(expiration)
  )
}
