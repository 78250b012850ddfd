import {BaseCommand} from '../cli/base-command.ts'
import {connectCloud, findAccess} from '../cli/connect-cloud.ts'
import {cloudFlags} from '../cli/flags/cloud.ts'
import {readOutput} from '../cli/flags/output.ts'
import {printRecord} from '../cli/output.ts'
import {reportFailures} from '../cli/report-failures.ts'
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
    const {flags} = await this.parse(Whoami)
    const out = readOutput(flags)
    const access = await findAccess(this.context, flags)
    const cloud = await connectCloud(this.context, flags, access)
    const {source, login} = access.credentials
    const {account, iamId, name, email, profileId, assumedBy, expiresAt} = await cloud.identity()
    const {rights, errors} = await rightsOf(cloud, login?.region)
    const profile = profileId ?? login?.profileId
    const {assumed, refusals} = await assumedIn(cloud)
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
        ['May', rightsIn(rights, 'yes') || 'nothing that was asked'],
        ['May not', rightsIn(rights, 'no')],
        ['Unknown', rightsIn(rights, 'unknown')],
      ]),
      json: {
        source: source.name,
        why: source.why,
        account: {id: account ?? null, name: login?.accountName ?? null},
        identity: {iam_id: iamId ?? null, name: name ?? null, email: email ?? null},
        profile: profile ? {id: profile, assumed_by: assumedBy ?? null} : null,
        ...(assumed && {assumes: assumed}),
        token: {expires_at: endsAt ?? null, expires_in: leftSeconds ?? null},
        may: rights.map(({what, region, allowed, why}) => ({what, region: region ?? null, allowed, why: why ?? null})),
      },
      id: iamId ?? '',
    })
    for (const error of errors) this.context.error(error)
    if (errors.length > 0) this.context.exitCode = exitCodes.failed
    reportFailures(this.context, refusals, assumed?.accounts.length ?? 0)
  }
}

/** Where a trusted profile is assumed, and where it can't be. */
interface Assumed {
  profile: string
  accounts: {id: string; name: string | null; allowed: boolean; why: string | null}[]
}

async function assumedIn(cloud: Cloud): Promise<{assumed?: Assumed; refusals: VpcmdError[]}> {
  if (!cloud.accounts || cloud.assumes === undefined) return {refusals: []}
  const [accounts, regions] = await Promise.all([cloud.accounts(), cloud.regions()])
  const refusals = new Map(regions.flatMap(({account, error}) => (account && error ? [[account.id, error]] : [])))
  const read = accounts.map(({id, name = null}) => {
    const why = refusals.get(id)?.message ?? null
    return {id, name, allowed: why === null, why}
  })
  return {assumed: {profile: cloud.assumes, accounts: read}, refusals: [...refusals.values()]}
}

function assumedInWords({profile, accounts}: Assumed): string {
  const named = (list: Assumed['accounts']) => list.map(({id, name}) => name ?? id).join(', ')
  const [good, bad] = [accounts.filter(each => each.allowed), accounts.filter(each => !each.allowed)]
  const refusals = bad.length > 0 ? `; not in ${named(bad)}` : ''
  return `${profile} in ${counted(good.length, 'account')}${good.length > 0 ? `: ${named(good)}` : ''}${refusals}`
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
