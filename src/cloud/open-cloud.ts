import {assumedCredentials, type ProfileRef} from './assume.ts'
import {type AccessOptions, type Cloud, cacheFile, openAccount, openService, watchCalls} from './cloud.ts'
import type {Credentials} from './credential-kinds.ts'
import {checkSameCloud, checkSecure} from './endpoints.ts'
import type {EnterpriseAccounts} from './enterprise.ts'
import {listPaths} from './operations.ts'
import type {Account} from './regions.ts'
import {retryPolicy} from './retry-policy.ts'
import {findRoutes} from './routes.ts'
import type {Service} from './service-call.ts'
import {TokenSource} from './token-source.ts'
import {answerLimits, type Connections, type Line} from './transport.ts'
import {unite} from './united-cloud.ts'
import {chooseSdk} from './vpc-api.ts'

/** Which accounts are meant. */
export interface AccountsAsked {
  /** The profile to assume in each of them; without it, the credentials must be of the one account. */
  profile?: ProfileRef
  /** The one account, where nothing is assumed. */
  only?: Account
  /** Finds the accounts in which to assume the profile; undefined for the one that the profile is of. */
  list?(open: (name: 'enterprise') => Service): Promise<EnterpriseAccounts>
}

export interface CloudOptions extends AccessOptions {
  /** The accounts to work in; undefined for that of the credentials. */
  accounts?: AccountsAsked
}

const signedIn = new WeakMap<Credentials, TokenSource>()

/** Opens IBM Cloud. Sends nothing yet. Throws a usage error for endpoints to which credentials are not sent. */
export async function openCloud(options: CloudOptions): Promise<Cloud> {
  const {credentials, endpoints, pacing, log, allowsHttp = false, show = () => () => {}, accounts: asked} = options
  if (credentials.isBorrowed) checkSameCloud(credentials.asked.url, endpoints)
  const iamUrl = credentials.isBorrowed ? credentials.asked.url : endpoints.iamUrl
  for (const url of [credentials.asked.url, endpoints.vpcUrl, ...(asked?.profile ? [iamUrl] : [])])
    checkSecure(url, allowsHttp)
  const [sdk, routeTo] = await Promise.all([chooseSdk(options.env), findRoutes(options.env, options.mostConnections)])
  log?.note(`SDK: ${sdk.description}`)
  // What is wrong with a proxy is said now, and not by each request.
  for (const url of [credentials.asked.url, endpoints.vpcUrl]) routeTo(url)
  // Kept for all URLs.
  const connections: Connections = {most: options.mostConnections, idleMs: retryPolicy.idleConnectionMs}
  const lineTo = (url: string): Line => {
    const mostBytes = listPaths.some(path => url.endsWith(path)) ? answerLimits.list : answerLimits.other
    return {connections, proxy: routeTo(url), log, mostBytes}
  }
  const tokensOf = (whose: Credentials, account: Account | undefined) =>
    new TokenSource({
      ...whose,
      cacheFile:
        whose.isBorrowed || !whose.cacheKey
          ? undefined
          : cacheFile(options.cacheFolder, 'token', whose.asked.url, ...whose.cacheKey),
      account,
      pacing,
      lineTo,
    })
  const onCall = watchCalls(show)
  const only = asked?.profile ? undefined : asked?.only
  // Who opens several clouds signs in once: a login of ibmcloud gives its token once, and then asks ibmcloud for another.
  const tokens = (only ? undefined : signedIn.get(credentials)) ?? tokensOf(credentials, only)
  if (!only) signedIn.set(credentials, tokens)
  const shared = {...options, sdk, lineTo, onCall, show}
  const own = {...shared, tokens, account: only}
  const base = openAccount(own)
  if (!asked?.profile) return base
  const {profile, list} = asked
  const assume = (account: Account | undefined) => {
    const assumed = assumedCredentials({credentials, tokens}, iamUrl, profile, account?.id)
    return {credentials: assumed, tokens: tokensOf(assumed, account)}
  }
  return unite({
    base,
    profile: profile.text,
    list: async () => {
      await tokens.ready()
      if (list) return list(name => openService(own, name))
      // A name is one of the caller's own account where no other is given; an ID or a CRN tells the account by itself.
      const account = profile.kind === 'name' ? (await tokens.caller()).account : profile.account
      return {accounts: [{id: account ?? (await assume(undefined).tokens.caller()).account}], inactive: []}
    },
    open: async account => openAccount({...shared, ...assume(account), account}),
  })
}
