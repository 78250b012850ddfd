import type {Context} from 'hono'
import {unauthorized} from '../core/api-error.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {bearerOf} from '../core/front-door.ts'
import {inAccount, uuidOf} from '../core/ids.ts'
import type {AccountSummary} from '../fleet/public-types.ts'
import {type Claims, claimsOf} from '../iam/tokens.ts'

/** An account of the sandbox. The first one is the API key's; where there are others, it is their enterprise's own. */
export interface Account extends AccountSummary {
  /** From 1. */
  number: number
  /** The account's own resources, made when they are first asked for. */
  readonly cloud: SimulatedCloud
}

/** Two of many accounts refuse, as some always do: whoever asks all must meet it. */
const leastForRefusals = 4
const withoutAuditor = 3
const notActive = 4

export type Accounts = ReturnType<typeof makeAccounts>

/**
 * The accounts of a sandbox: `cloud` is that of the first, and `makeCloud` makes another one's. The IDs of all follow from
 * that of the first, so that no two sandboxes share one.
 */
export function makeAccounts(cloud: SimulatedCloud, count = 1, makeCloud: (account: string) => SimulatedCloud) {
  const {fleet, clock} = cloud
  let list: readonly Account[] = []
  /** Of all IDs that accounts ever had: a token outlives a reset, which gives the account another one. */
  const numbers = new Map<string, number>()

  const make = (number: number): Account => {
    const isFirst = number === 1
    const id = isFirst ? fleet.account : idFor(`${fleet.account}/account/${number}`)
    const refuses = count >= leastForRefusals
    let made = isFirst ? cloud : undefined
    return {
      number,
      id,
      name: isFirst ? 'acme' : `team-${letters(number - 1)}`,
      state: refuses && number === notActive ? 'PENDING' : 'ACTIVE',
      hasAuditor: !(refuses && number === withoutAuditor),
      get cloud() {
        made ??= makeCloud(id)
        return made
      },
    }
  }

  const accounts = {
    /** The account of the API key. */
    get main(): Account {
      const [first] = accounts.all()
      if (first === undefined) throw new Error('The sandbox has no account.')
      return first
    },

    /** Takes in what other processes changed. Call it before each request. */
    refresh: () => fleet.refresh(),

    /** All accounts, in order of their numbers. */
    all(): readonly Account[] {
      if (list[0]?.id !== fleet.account) {
        list = Array.from({length: count}, (_, index) => make(index + 1))
        for (const {id, number} of list) numbers.set(id, number)
      }
      return list
    },

    /** The account with this ID, as it is or was called. */
    find(id: string): Account | undefined {
      const all = accounts.all()
      return all[(numbers.get(id) ?? 0) - 1]
    },

    /** Brings the resources of all accounts back to what the arguments give. Rejects when that can't be kept. */
    async reset(): Promise<void> {
      await fleet.reset()
      list = []
    },

    /** The claims of a token of the sandbox's own IAM that is good at the time of the sandbox's clock; undefined for any other. */
    claimsOf: (token: string) => claimsOf(token, fleet.secret, clock() / 1000),

    /** The account whose token a request has; undefined without a token that is good. */
    async ofRequest(c: Context): Promise<Account | undefined> {
      const token = bearerOf(c)
      const claims = token === undefined ? undefined : await accounts.claimsOf(token)
      // Another process may have given the first account another ID before this one began.
      return claims && (accounts.find(accountIn(claims)) ?? accounts.main)
    },

    /** Answers a request as `work` does for the account of its token. Rejects with 401 without a token that is good. */
    async serve<T>(c: Context, work: (account: Account) => T): Promise<Awaited<T>> {
      accounts.refresh()
      const account = await accounts.ofRequest(c)
      if (account === undefined) throw unauthorized()
      return await inAccount({account: account.id}, () => work(account))
    },
  }
  return accounts
}

/** An ID of 32 hex digits, as IBM's accounts and enterprises have, that depends on `text` alone. */
export function idFor(text: string): string {
  return uuidOf(text).replaceAll('-', '')
}

/** The account that a token is for; empty where it does not say. */
export function accountIn({account}: Claims): string {
  const bss = typeof account === 'object' && account !== null && 'bss' in account ? account.bss : ''
  return typeof bss === 'string' ? bss : ''
}

/** 1 is a, 26 is z, 27 is aa. */
function letters(number: number): string {
  const last = String.fromCharCode(97 + ((number - 1) % 26))
  return number > 26 ? `${letters(Math.floor((number - 1) / 26))}${last}` : last
}
