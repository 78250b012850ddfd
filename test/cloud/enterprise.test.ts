import {describe, expect, it} from 'vitest'
import {parseProfileRef} from '../../src/cloud/assume.ts'
import {findEndpoints} from '../../src/cloud/endpoints.ts'
import {type EnterpriseQuery, listEnterpriseAccounts} from '../../src/cloud/enterprise.ts'
import {type OddCloud, type Oddity, startOddCloud} from '../support/odd-cloud.ts'
import {startTestCloud} from '../support/test-cloud.ts'

let odd: OddCloud | undefined

/** What vpcmd makes of the accounts of an enterprise whose answers are odd. */
async function listed(oddity: Oddity, query: EnterpriseQuery = {}, accounts = 230) {
  const test = await startTestCloud({accounts})
  odd = await startOddCloud(test.sandbox, oddity)
  const inactive: {id: string; state: string}[] = []
  const cloud = await test.open({
    endpoints: findEndpoints(
      {...test.sandbox.environment, ENTERPRISE_MANAGEMENT_URL: `${odd.url}/enterprise/v1`},
      false,
    ),
    accounts: {
      profile: parseProfileRef('vpcmd-auditor'),
      list: async open => {
        const found = await listEnterpriseAccounts(open('enterprise'), query)
        inactive.push(...found.inactive)
        return found
      },
    },
  })
  return {names: ((await cloud.accounts?.()) ?? []).map(({name}) => name), inactive, asked: odd.asked}
}

const change = (make: (body: Record<string, unknown>, count: number) => void): Oddity => ({
  change: ({count}, body) => make(body, count),
})

describe('the accounts of an enterprise', () => {
  it('are all there, page after page, but for those that are not active', async () => {
    const {names, inactive, asked} = await listed({})
    expect(new Set(names).size).toBe(229)
    expect(inactive).toMatchObject([{name: 'team-c', state: 'PENDING'}])
    expect(asked).toHaveLength(3)
    expect(asked[0]?.url.searchParams.get('limit')).toBe('100')
  })

  it('are those of the group that is asked for', async () => {
    const {asked} = await listed({}, {enterprise: 'e1', accountGroup: 'g1'}, 3).catch(() => ({asked: odd?.asked ?? []}))
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toMatchObject({
      enterprise_id: 'e1',
      account_group_id: 'g1',
    })
  })

  it.each<[string, EnterpriseQuery]>([
    ['the enterprise e1', {enterprise: 'e1'}],
    ['the group g1', {accountGroup: 'g1'}],
  ])('are no others where the service leaves out %s that was asked for', async (asked, query) => {
    const all = {ignores: ['enterprise_id', 'account_group_id']}
    await expect(listed(all, query, 3)).rejects.toMatchObject({
      message: expect.stringContaining(`which is not said to be of ${asked}`),
      hint: expect.stringContaining('--account ID'),
    })
  })

  it('of a state that is not told are worked in', async () => {
    const oddity = change(body => {
      for (const row of body.resources as Record<string, unknown>[]) delete row.state
    })
    expect((await listed(oddity, {}, 5)).names).toContain('team-c')
  })

  it.each<[string, Oddity]>([
    ['a page that leads to itself', change(body => (body.next_url = '/v1/accounts?next_docid=again'))],
    ['a next page that is not named', change(body => (body.next_url = '/v1/accounts'))],
    ['an account without an ID', change(body => delete (body.resources as Record<string, unknown>[])[0]?.id)],
    ['no list', change(body => delete body.resources)],
    [
      'one in place of another',
      change(body => {
        const rows = body.resources as unknown[]
        rows[1] = rows[0]
      }),
    ],
    ['fewer than are counted', change(body => (body.rows_count = 231))],
    [
      'a refusal of the second page',
      {answer: ({count}) => (count > 1 ? {status: 403, body: {errors: [{message: 'No.'}]}} : undefined)},
    ],
  ])('are never a part of them: %s', async (_what, oddity) => {
    await expect(listed(oddity)).rejects.toMatchObject({
      message: expect.stringContaining('list the accounts of the enterprise'),
    })
  })

  it('of another host are not asked for', async () => {
    const {asked} = await listed(
      change((body, count) => {
        if (count === 1) body.next_url = 'https://elsewhere.test/v1/accounts?next_docid=x'
      }),
    ).catch(() => ({asked: odd?.asked ?? []}))
    expect(asked.map(({url}) => url.host)).toEqual(asked.map(() => new URL(odd?.url ?? '').host))
  })
})
