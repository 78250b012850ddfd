import {BaseCommand} from '../cli/base-command.ts'
import {connectCloud, findAccess} from '../cli/connect-cloud.ts'
import {cloudFlags} from '../cli/flags/cloud.ts'
import {printRecord} from '../cli/output.ts'
import type {Cloud} from '../cloud/cloud.ts'
import {type Right, rightsOf} from '../cloud/rights.ts'
import {counted} from '../counted.ts'
import {exitCodes, type VpcmdError} from '../errors.ts'

export default class Whoami extends BaseCommand {
  static override summary = 'Show which credentials are used, whose they are, and what they may do.'
  static override description =
    `vpcmd looks for credentials in this order: --api-key-file, the profile of the config file, IBMCLOUD_API_KEY, IC_API_KEY, the VPC_* settings of IBM's SDK, who is signed in to ibmcloud, and the instance that it runs on. With --assume, it also says in which accounts the trusted profile can be assumed.

To see what they may do, vpcmd asks for the regions and for one instance in one region: the one that --region names first, else the one that ibmcloud targets, else the first. What can't be tried without changing something is unknown.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
    "<%= config.bin %> <%= command.id %> --query 'account.id'",
  ]
  static override printsTable = false
  static override flags = cloudFlags

  async run(): Promise<void> {
    const {flags, out} = await this.parse(Whoami)
    const access = await findAccess(this.context, flags)
    const cloud = await connectCloud(this.context, flags, access)
    const {source, login} = access.credentials
    const {account, iamId, name, email, profileId, assumedBy, expiresAt} = await cloud.identity()
    const {rights, errors} = await rightsOf(cloud, login?.region)
    const profile = profileId ?? login?.profileId
    const assumed = await assumedIn(cloud)
    const leftSeconds = expiresAt === undefined ? undefined : Math.floor((expiresAt - this.context.host.now()) / 1000)
    const endsAt = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString().replace('.000', '')
    const {inWords} = await import('../imds/descriptions.ts')
    const told = (...texts: (string | undefined)[]) => texts.filter(Boolean).join(', ') || 'unknown'
    await printRecord(this.context, out, {
      entries: lines([
        ['Source', source.name],
        ['Why', source.why],
        ['Account', login?.accountName ? `${told(account)} (${login.accountName})` : told(account)],
        ['Identity', told(...new Set([iamId, name, email]))],
        ['Profile', profile ? `${profile}${assumedBy ? `, assumed by ${assumedBy}` : ''}` : iamId ? 'none' : 'unknown'],
        ['Assumes', assumed ? assumedInWords(assumed) : ''],
        ['Token ends', endsAt && leftSeconds !== undefined ? `${endsAt} (in ${inWords(leftSeconds)})` : 'unknown'],
        ['Can', rightsIn(rights, 'yes') || 'nothing that was asked'],
        ["Can't", rightsIn(rights, 'no')],
        ['Unknown', rightsIn(rights, 'unknown')],
      ]),
      json: {
        source: source.name,
        why: source.why,
        account: {id: account ?? null, name: login?.accountName ?? null},
        identity: {iam_id: iamId ?? null, name: name ?? null, email: email ?? null},
        profile: profile ? {id: profile, assumed_by: assumedBy ?? null} : null,
        ...(assumed && {assumes: {profile: assumed.profile, accounts: assumed.accounts}}),
        token: {expires_at: endsAt ?? null, expires_in: leftSeconds ?? null},
        may: rights.map(({what, region, allowed, why}) => ({what, region: region ?? null, allowed, why: why ?? null})),
      },
      id: iamId ?? '',
    })
    for (const error of errors) this.context.error(error)
    const failures = assumed?.errors ?? []
    for (const error of failures.slice(0, mostErrors)) this.context.error(error)
    if (failures.length > mostErrors)
      this.context.note(`${failures.length - mostErrors} more accounts failed. See all with --json.`)
    if (errors.length + failures.length > 0) this.context.exitCode = exitCodes.failed
    if (failures.length === assumed?.accounts.length && failures.every(isRefusal)) {
      this.context.exitCode = exitCodes.denied
    }
  }
}

/** So many errors are printed: in hundreds of accounts, many may fail alike. */
const mostErrors = 10

/** Where a trusted profile is assumed, and where it can't be. */
interface Assumed {
  profile: string
  /** `allowed` is false where credentials or rights do not suffice, and null where that is not known. */
  accounts: {id: string; name: string | null; allowed: boolean | null; why: string | null}[]
  /** Why it is not, or is not known. */
  errors: VpcmdError[]
}

async function assumedIn(cloud: Cloud): Promise<Assumed | undefined> {
  if (!cloud.accounts || cloud.assumes === undefined) return undefined
  const [accounts, regions] = await Promise.all([cloud.accounts(), cloud.regions()])
  const failures = new Map(regions.flatMap(({account, error}) => (account && error ? [[account.id, error]] : [])))
  return {
    profile: cloud.assumes,
    accounts: accounts.map(({id, name = null}) => {
      const error = failures.get(id)
      return {id, name, allowed: error ? (isRefusal(error) ? false : null) : true, why: error?.message ?? null}
    }),
    errors: [...failures.values()],
  }
}

/** A token of no account, or of another one, is no refusal. */
function isRefusal({exitCode, code}: VpcmdError): boolean {
  return exitCode === exitCodes.denied && code !== 'no_account' && code !== 'other_account'
}

function assumedInWords({profile, accounts}: Assumed): string {
  const where = (wanted: boolean | null) => accounts.filter(({allowed}) => allowed === wanted)
  const named = (wanted: boolean | null) =>
    where(wanted)
      .map(({id, name}) => name ?? id)
      .join(', ')
  const count = counted(where(true).length, 'account')
  const parts = [
    [count, named(true)].filter(Boolean).join(': '),
    named(false) && `not in ${named(false)}`,
    named(null) && `unknown in ${named(null)}`,
  ]
  return `${profile} in ${parts.filter(Boolean).join('; ')}`
}

function rightsIn(rights: readonly Right[], allowed: Right['allowed']): string {
  const found = rights.filter(each => each.allowed === allowed)
  return found
    .map(({what, region, why}) => `${what}${region ? ` in ${region}` : ''}${why ? ` (${why})` : ''}`)
    .join(', ')
}

function lines(all: [label: string, text: string][]): [label: string, text: string][] {
  return all.filter(([, text]) => text !== '')
}
