import {type Account, type Accounts, idFor} from '../accounts/accounts.ts'
import {isoTime} from '../core/references.ts'
import {ownerIamId} from '../iam/tokens.ts'

type Body = Record<string, unknown> & {id: string; parent?: string}

/** An enterprise with the bodies of all that is in it (IBM/platform-services-node-sdk enterprise-management/v1.ts). */
export interface Enterprise {
  enterprise: Body
  groups: Body[]
  accounts: Body[]
  /** The account group that an account is in, by the account's ID. */
  groupOf: ReadonlyMap<string, string>
}

const groupNames = ['production', 'development']

const stamps = {
  created_at: isoTime(Date.UTC(2025, 0, 14, 9, 30)),
  created_by: ownerIamId,
  updated_at: isoTime(Date.UTC(2025, 0, 14, 9, 30)),
  updated_by: ownerIamId,
}

/**
 * The enterprise of the accounts: the first is its own, and the others are in two account groups, in turn. Undefined for
 * one account alone. CRNs and paths are as ibm-cloud-docs prints those of an account directly below its enterprise; those
 * of account groups and of what is in them are the sandbox's guess.
 */
export function enterpriseOf(accounts: Accounts): Enterprise | undefined {
  const [main, ...children] = accounts.all()
  if (main === undefined || children.length === 0) return undefined
  const id = idFor(`${main.id}/enterprise`)
  const crnOf = (type: string, of: string) => `crn:v1:bluemix:public:enterprise::a/${main.id}::${type}:${of}`
  const crn = crnOf('enterprise', id)
  const contact = {primary_contact_iam_id: ownerIamId, primary_contact_email: 'test.user@example.com'}
  const within = {enterprise_account_id: main.id, enterprise_id: id}
  const groups = groupNames.map(name => {
    const group = idFor(`${main.id}/account-group/${name}`)
    return {
      url: `/v1/account-groups/${group}`,
      id: group,
      crn: crnOf('account-group', group),
      parent: crn,
      ...within,
      enterprise_path: `enterprise:${id}`,
      name,
      state: 'ACTIVE',
      ...contact,
      ...stamps,
    }
  })
  const groupFor = (account: Account) => groups[account.number % groups.length]
  const bodyOf = (account: Account, group: (typeof groups)[number] | undefined): Body => ({
    url: `/v1/accounts/${account.id}`,
    id: account.id,
    crn: crnOf('account', account.id),
    parent: group?.crn ?? crn,
    ...within,
    enterprise_path: `enterprise:${id}${group ? `/account-group:${group.id}` : ''}`,
    name: account.name,
    state: account.state,
    owner_iam_id: ownerIamId,
    paid: true,
    owner_email: contact.primary_contact_email,
    is_enterprise_account: group === undefined,
    ...stamps,
  })
  return {
    enterprise: {
      url: `/v1/enterprises/${id}`,
      id,
      enterprise_account_id: main.id,
      crn,
      name: main.name,
      domain: 'example.com',
      state: 'ACTIVE',
      ...contact,
      source_account_id: main.id,
      ...stamps,
    },
    groups,
    accounts: [bodyOf(main, undefined), ...children.map(each => bodyOf(each, groupFor(each)))],
    groupOf: new Map(children.map(each => [each.id, groupFor(each)?.id ?? ''])),
  }
}
