import pLimit from 'p-limit'
import {entryOf, once} from '../counted.ts'
import {asVpcmdError, usageError, type VpcmdError} from '../errors.ts'
import type {Cloud} from './cloud.ts'
import type {EnterpriseAccounts} from './enterprise.ts'
import {type Account, accountName, type PlaceOf, type Region, whatIsAt} from './regions.ts'

/** So many accounts are signed in to at once. */
const accountsAtOnce = 16

export interface UnitedOptions {
  /** Who signs in to the accounts. */
  base: Cloud
  /** The trusted profile that is assumed in each, as it was named. */
  profile: string
  /** The accounts to work in, and those that are left out. Asked once. */
  list(): Promise<EnterpriseAccounts>
  /** Opens an account. Throws VpcmdError where nobody is let in. */
  open(account: Account): Promise<Cloud>
}

/**
 * Several accounts as one cloud, whose regions are those of all of them, each with its account. An account that can't be
 * signed in to is a region without a name, which can't be used, and costs no other one. `caller` is who signs in to them.
 */
export function unite({base, profile, list, open}: UnitedOptions): Cloud {
  const clouds = new Map<string, Promise<Cloud>>()
  const enter = (account: Account) => {
    const entered = entryOf(clouds, account.id, () => open(account))
    // Who asks for it hears of it.
    entered.catch(() => undefined)
    return entered
  }
  const opened = new Map<string, Cloud>()
  const regionsOf = async (account: Account): Promise<Region[]> => {
    try {
      const cloud = await enter(account)
      const regions = await cloud.regions()
      opened.set(account.id, cloud)
      return regions.map(region => ({
        ...region,
        account,
        problem: region.problem && within(account, region.problem),
      }))
    } catch (thrown) {
      const error = ofAccount(account, thrown)
      return [{name: '', url: '', account, problem: error.message, error}]
    }
  }
  const cloudOf = ({name, account}: Region): Cloud => {
    const cloud = opened.get(account?.id ?? '')
    if (!cloud) throw new Error(`no account is open for ${name}`)
    return cloud
  }
  const listOnce = once(list)
  const readAll = async () => {
    const {accounts: all} = await listOnce()
    let done = 0
    const endShow = base.show(() => ({verb: 'Signing in', facts: [`${done} of ${all.length} accounts`]}))
    const enterNext = (account: Account) => regionsOf(account).finally(() => done++)
    return (await pLimit(accountsAtOnce).map(all, enterNext).finally(endShow)).flat()
  }
  return {
    ...base,
    assumes: profile,
    accounts: async () => (await listOnce()).accounts,
    inactiveAccounts: async () => (await listOnce()).inactive,
    regions: once(readAll),
    async region(place, askedBy) {
      const {accounts: all} = await listOnce()
      const [only, other] = all
      const account = place.account === undefined && !other ? only : all.find(({id}) => id === place.account)
      if (!account) throw otherAccount(place, all)
      const cloud = await enter(account)
      const region = await cloud.region({region: place.region}, askedBy).catch((thrown: unknown) => {
        throw ofAccount(account, thrown)
      })
      opened.set(account.id, cloud)
      return {...region, account}
    },
    api: (region, manner) => cloudOf(region).api(region, manner),
    tags: async (region, kind) => cloudOf(region).tags(region, kind),
    attachedTags: async (region, ...asked) => cloudOf(region).attachedTags(region, ...asked),
  }
}

function otherAccount(place: PlaceOf, all: Account[]): Error {
  const {account} = place
  const which = all.length > 3 ? `${all.length} others` : all.map(({id}) => id).join(', ')
  return account === undefined
    ? usageError(`vpcmd works in ${which}, and nothing says which of them is meant.`, 'Pass the CRN, or one --account.')
    : usageError(
        `${whatIsAt(place)} is in account ${account}, and vpcmd works in ${which || 'none'}: it is left alone.`,
        `Add the account: --account ${account}`,
      )
}

/** What went wrong in an account, which the message names. */
function ofAccount(account: Account, thrown: unknown): VpcmdError {
  const error = asVpcmdError(thrown)
  return error.reworded({message: within(account, error.message)})
}

/** A message of an account alone. */
function within(account: Account, message: string): string {
  return `A${accountName(account).slice(1)}: ${message}`
}
