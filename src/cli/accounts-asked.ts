import {parseProfileRef} from '../cloud/assume.ts'
import type {AccountsAsked} from '../cloud/open-cloud.ts'
import {inactiveInWords, isAccountId} from '../cloud/regions.ts'
import {usageError} from '../errors.ts'
import {type InputHost, inputLimits, inputName, readText} from '../files/read-input.ts'
import type {Context} from './context.ts'
import type {AccountFlags} from './flags/cloud.ts'

/**
 * The accounts that the flags name; undefined for that of the credentials, whichever it is. Asks nobody yet. Throws a usage
 * error for flags that do not go together, and for a file that holds no account.
 */
export async function accountsAsked(context: Context, flags: AccountFlags): Promise<AccountsAsked | undefined> {
  const {assume, enterprise, 'account-group': accountGroup} = flags
  const named = flags.account ? await namesIn(context.host, flags.account) : undefined
  const profile = assume === undefined ? undefined : parseProfileRef(assume)
  const isAll = named?.includes('all') ?? false
  // An empty variable of a script must not widen.
  for (const [flag, value] of Object.entries({enterprise, 'account-group': accountGroup})) {
    if (value?.trim() === '') throw usageError(`--${flag} is empty.`, 'It takes an ID.')
  }
  if ((enterprise !== undefined || accountGroup !== undefined) && !isAll) {
    throw usageError('--enterprise and --account-group need --account all.', 'Add --account all, or drop them.')
  }
  if (!profile) {
    if (isAll || (named && named.length > 1)) {
      throw usageError(
        'More than one account needs --assume.',
        'Pass --assume PROFILE: the name of a trusted profile that each of them has.',
      )
    }
    const [only] = named ?? []
    return only === undefined ? undefined : {only: {id: only}}
  }
  if (!named) return {profile}
  if (profile.kind !== 'name' && (isAll || named.length > 1)) {
    throw usageError(
      `The trusted profile ${profile.text} is of one account, and more are named.`,
      'Pass the name of the profile, which each of them can have.',
    )
  }
  if (!isAll) return {profile, list: async () => ({accounts: named.map(id => ({id})), inactive: []})}
  if (named.length > 1) throw usageError('--account all is all of them already.', 'Drop the other accounts.')
  return {
    profile,
    list: async open => {
      const {listEnterpriseAccounts} = await import('../cloud/enterprise.ts')
      const {accounts, inactive} = await listEnterpriseAccounts(open('enterprise'), {enterprise, accountGroup})
      if (inactive.length > 0) context.note(`Left out: ${inactiveInWords(inactive)}.`)
      for (const {id, name} of accounts) if (name !== undefined) context.accountNames.set(id, name)
      return {accounts, inactive}
    },
  }
}

/** The accounts' IDs, each once, or the word all. */
async function namesIn(host: InputHost, given: string[]): Promise<string[]> {
  const parts = given.flatMap(text => text.split(',')).map(text => text.trim())
  const lists = await Promise.all(
    parts.map(part => (part.startsWith('@') ? readAccountFile(host, part.slice(1)) : [part])),
  )
  const names = [...new Set(lists.flat())]
  for (const name of names) checkAccountId(name, '--account')
  return names
}

/** IDs, one a line; what follows a # is a comment. */
async function readAccountFile(host: InputHost, file: string): Promise<string[]> {
  if (file === '') throw usageError('--account @ names no file.', 'Pass @FILE, with an account ID a line.')
  const lines = (await readText(host, file, 'accounts', inputLimits.list)).split(/\r?\n/)
  const ids = lines.map(line => line.replace(/#.*/, '').trim()).filter(line => line !== '')
  if (ids.length === 0) throw usageError(`${inputName(file)} names no account.`, 'It takes an account ID a line.')
  for (const id of ids) {
    // A word in a list must not widen it to all that there is.
    if (id === 'all') throw usageError(`${inputName(file)} names all accounts.`, 'For all of them, pass --account all.')
    checkAccountId(id, inputName(file))
  }
  return ids
}

function checkAccountId(id: string, place: string): void {
  if (isAccountId(id)) return
  throw usageError(
    `${id === '' ? 'An empty text' : id} (from ${place}) is not the ID of an account.`,
    'An ID has 32 digits and letters, such as those that vpcmd whoami and ibmcloud account list show.',
  )
}
