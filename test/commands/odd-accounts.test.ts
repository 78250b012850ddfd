import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {claimsIn} from '../../src/jwt-claims.ts'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type AskedOfCloud, instancesIn, type OddCloud, type Oddity, startOddCloud} from '../support/odd-cloud.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(20, 'Each asks several accounts.')

// acme is the key's own; team-b has no profile to assume, and team-c is not active.
const all = ['--assume', 'vpcmd-auditor', '--account', 'all']
let sandbox: Sandbox
let cloud: OddCloud
let env: Record<string, string>
let odd: Oddity
beforeEach(async () => {
  odd = {}
  sandbox = await startSandbox({account: 'a1234567', accounts: 5, regions: ['us-south', 'eu-de']})
  cloud = await startOddCloud(sandbox, {
    answer: asked => odd.answer?.(asked),
    change: (asked, body) => odd.change?.(asked, body),
  })
  env = freshEnvironment({...cloud.environment, ENTERPRISE_MANAGEMENT_URL: `${cloud.url}/enterprise/v1`})
})
afterEach(async () => {
  await cloud.close()
  await sandbox.close()
})

const vpcmd = (...args: string[]) => runInProcess(args, {env})
const idOf = (name: string) => sandbox.accounts.find(each => each.name === name)?.id ?? ''
const home = (file: string) => join(env.HOME ?? '', file)
const assumesIn = ({body}: AskedOfCloud, account: string) =>
  body.includes('grant-type%3Aassume') && body.includes(`account=${account}`)
const accountOf = ({headers}: AskedOfCloud) =>
  Object(claimsIn(String(headers.authorization).replace('Bearer ', ''))?.account).bss
const refusal = {status: 400, body: {errorCode: 'BXNIM0109E', errorMessage: 'Not here'}}
const changes = () => cloud.asked.filter(({method}) => method === 'PATCH')

describe('a token of another account than asked for', () => {
  it('is not used, and what to do is said', async () => {
    let own = ''
    odd.change = (asked, body) => {
      if (asked.url.pathname !== '/identity/token') return
      if (asked.body.includes('apikey')) own = String(body.access_token)
      if (assumesIn(asked, idOf('team-d'))) body.access_token = own
    }
    const {code, stderr} = await vpcmd('instances', 'list', '--assume', 'vpcmd-auditor', '--account', idOf('team-d'))
    expect({code, stderr}).toEqual({
      code: 2,
      stderr: expect.stringContaining(
        `The credentials of the trusted profile vpcmd-auditor are of account a1234567, and not of ${idOf('team-d')}`,
      ),
    })
    expect(cloud.asked.filter(({url}) => url.pathname.startsWith('/v1'))).toEqual([])
  })

  it('is not used either where it comes in place of one that was good', async () => {
    let own = ''
    odd.change = (asked, body) => {
      if (asked.url.pathname !== '/identity/token') return
      if (asked.body.includes('apikey')) own = String(body.access_token)
      if (assumesIn(asked, idOf('team-d')) && cloud.asked.filter(each => assumesIn(each, idOf('team-d'))).length > 1)
        body.access_token = own
    }
    odd.answer = asked =>
      asked.method === 'PATCH' && accountOf(asked) === idOf('team-d')
        ? {status: 401, body: {errors: [{code: 'not_authorized', message: 'No'}]}}
        : undefined
    const args = ['--all', '--name', 'web-2', '--yes', '--assume', 'vpcmd-auditor', '--account', idOf('team-d')]
    const {code, stdout} = await vpcmd('metadata', 'enable', ...args, '--json')
    expect({code, failed: JSON.parse(stdout).failed}).toMatchObject({
      code: 2,
      failed: [{account: idOf('team-d'), error: {message: expect.stringContaining('are of account a1234567')}}],
    })
    expect(changes().map(accountOf)).toEqual([idOf('team-d')])
  })
})

it('names of another account are not among those that a Tab offers', async () => {
  const kept = () =>
    Object.keys(JSON.parse(readFileSync(join(env.XDG_CACHE_HOME ?? '', 'vpcmd', 'names.json'), 'utf8')).regions)
  await vpcmd('instances', 'list', '--region', 'us-south')
  expect(kept()).toEqual(['us-south'])
  await vpcmd('instances', 'list', '--region', 'eu-de', '--assume', 'vpcmd-auditor', '--account', idOf('team-a'))
  expect(kept()).toEqual(['eu-de'])
  await vpcmd('instances', 'list', '--region', 'us-south', '--assume', 'vpcmd-auditor', '--account', idOf('team-d'))
  expect(kept()).toEqual(['us-south'])
})

describe('where no account lets the profile in', () => {
  beforeEach(() => {
    odd.answer = ({body}) => (body.includes('grant-type%3Aassume') ? refusal : undefined)
  })

  it.each([
    ['instances', 'list', '-q'],
    ['metadata', 'audit'],
    ['metadata', 'disable', '--all', '--yes'],
    ['metadata', 'show', '--all'],
  ])('%s %s %s fails, and prints nothing', async (...args) => {
    expect(await vpcmd(...args, ...all)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('Not here'),
    })
  })

  it('whoami says so, and claims no right', async () => {
    const {code, stdout, stderr} = await vpcmd('whoami', ...all)
    expect({code, stderr}).toEqual({code: 3, stderr: expect.stringMatching(/account team-d .*Not here/i)})
    expect(stdout).toMatch(/^Assumes +vpcmd-auditor in 0 accounts; not in acme, team-a, team-b, team-d$/m)
    expect(stdout).toMatch(/^Can +nothing that was asked$/m)
  })
})

describe('the accounts of the enterprise are an error, and not a part of them, where the answer', () => {
  it.each<[string, (body: Record<string, unknown>, rows: Record<string, unknown>[]) => unknown]>([
    ['counts more than came', (_, rows) => rows.splice(2)],
    ['lacks an ID', (_, rows) => delete Object(rows[1]).id],
    ['has an ID that is none', (_, rows) => Object.assign(Object(rows[1]), {id: '../x'})],
    ['has a next page that is none', body => Object.assign(body, {next_url: 5})],
    ['leads elsewhere', body => Object.assign(body, {next_url: 'https://example.com/x'})],
    ['has no list', body => Object.assign(body, {resources: {}})],
  ])('%s', async (_, change) => {
    odd.change = ({url}, body) => {
      if (url.pathname.startsWith('/enterprise')) change(body, Object(body.resources))
    }
    expect(await vpcmd('instances', 'list', '-q', ...all)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('Could not list the accounts of the enterprise'),
    })
  })
})

it('the action that lists an enterprise is named where it is refused', async () => {
  odd.answer = ({url}) =>
    url.pathname.startsWith('/enterprise')
      ? {status: 403, body: {errors: [{code: 'forbidden', message: 'No'}]}}
      : undefined
  expect(await vpcmd('instances', 'list', ...all)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('enterprise.account.retrieve'),
  })
})

it('an instance whose CRN is of another account is left out of the account that lists it, and that is told', async () => {
  odd.change = (asked, body) => {
    const [first] = instancesIn(body)
    if (accountOf(asked) !== idOf('team-d') || first === undefined) return
    first.crn = String(first.crn).replace(`a/${idOf('team-d')}`, `a/${idOf('team-a')}`)
  }
  const audit = ['metadata', 'audit', '--assume', 'vpcmd-auditor', '--account', idOf('team-d'), '--region', 'us-south']
  const {code, stdout, stderr} = await vpcmd(...audit, '--json')
  expect({code, result: JSON.parse(stdout).result}).toEqual({code: 1, result: 'incomplete'})
  expect(stderr).toContain('incomplete: 1 of its rows has no ID of its own')
})

describe('instances of the same ID in two accounts', () => {
  // What the API of team-d calls by the ID of acme's instance is its own, of the same name.
  beforeEach(async () => {
    const idsIn = async (account: string): Promise<Map<string, string>> => {
      const args = ['--assume', 'vpcmd-auditor', '--account', account, '--json', '--region', 'eu-de']
      const rows: {id: string; name: string}[] = JSON.parse((await vpcmd('instances', 'list', ...args)).stdout)
      return new Map(rows.map(({id, name}) => [name, id]))
    }
    const [ours, theirs] = [await idsIn('a1234567'), await idsIn(idOf('team-d'))]
    const id = ours.get('web-1') ?? ''
    const hidden = theirs.get('web-1') ?? ''
    cloud.asked.length = 0
    const before = cloud
    cloud = await startOddCloud(sandbox, {
      change: (asked, body) => {
        if (accountOf(asked) !== idOf('team-d')) return
        for (const each of instancesIn(body)) {
          if (each.id === hidden) Object.assign(each, {id, crn: String(each.crn).replace(hidden, id)})
        }
      },
      answer: asked => {
        if (accountOf(asked) === idOf('team-d')) asked.url.pathname = asked.url.pathname.replace(id, hidden)
        return undefined
      },
    })
    await before.close()
    env = freshEnvironment({...cloud.environment, ENTERPRISE_MANAGEMENT_URL: `${cloud.url}/enterprise/v1`})
    same = id
  })
  let same = ''
  const both = () => ['--assume', 'vpcmd-auditor', '--account', `a1234567,${idOf('team-d')}`]
  const crnOf = (account: string) => `crn:v1:bluemix:public:is:eu-de-1:a/${account}::instance:${same}`

  it('are told apart by their CRN, and by their ID alone neither is meant', async () => {
    const {code, stdout, stderr} = await vpcmd('metadata', 'disable', same, '--yes', ...both())
    expect({code, stdout, stderr}).toEqual({code: 4, stdout: '', stderr: expect.stringContaining('Pass the CRN')})
    expect(changes()).toEqual([])
    const one = await vpcmd('metadata', 'disable', crnOf(idOf('team-d')), '--yes', '--json', ...both())
    expect(one.code).toBe(0)
    expect(changes().map(accountOf)).toEqual([idOf('team-d')])
    const two = await vpcmd('metadata', 'show', crnOf('a1234567'), crnOf(idOf('team-d')), '--json', ...both())
    expect(JSON.parse(two.stdout)).toMatchObject([
      {account: 'a1234567', metadata_service: {enabled: true}},
      {account: idOf('team-d'), metadata_service: {enabled: false}},
    ])
  })

  it('are planned, changed and undone each', async () => {
    const file = home('plan.json')
    const args = ['--disable', '--all', '--name', 'web-1', '--region', 'eu-de', ...both()]
    expect(await vpcmd('metadata', 'plan', ...args, '--out', file)).toMatchObject({code: 0})
    expect(await vpcmd('metadata', 'apply', file, '--yes')).toMatchObject({code: 0})
    expect(changes().map(accountOf).sort()).toEqual(['a1234567', idOf('team-d')].sort())
    expect(await vpcmd('metadata', 'undo', '--yes')).toMatchObject({code: 0})
    expect(changes()).toHaveLength(4)
  })

  it('await their restart each, and are stopped and started each', async () => {
    await vpcmd('metadata', 'disable', crnOf(idOf('team-d')), '--yes', ...both())
    await vpcmd('metadata', 'enable', crnOf(idOf('team-d')), '--yes', ...both())
    const shown = await vpcmd('metadata', 'show', '--all', '--name', 'web-1', '--region', 'eu-de', '--json', ...both())
    const rows: {account: string; restart_awaited_since?: string}[] = JSON.parse(shown.stdout)
    expect(rows.filter(row => row.restart_awaited_since !== undefined).map(({account}) => account)).toEqual([
      idOf('team-d'),
    ])
    const crns = [crnOf('a1234567'), crnOf(idOf('team-d'))]
    const stopped = await vpcmd('instances', 'stop', ...crns, '--accept-downtime', '--json', ...both())
    expect(stopped.code).toBe(0)
    const actions = cloud.asked.filter(({url}) => url.pathname.endsWith('/actions'))
    expect(actions.map(accountOf).sort()).toEqual(['a1234567', idOf('team-d')].sort())
  })
})

describe('a plan or a run', () => {
  it('says which account does not let the profile in any more', async () => {
    const file = home('plan.json')
    await vpcmd('metadata', 'plan', '--disable', '--all', '--name', 'web-1', '--region', 'eu-de', ...all, '--out', file)
    odd.answer = asked => (assumesIn(asked, idOf('team-d')) ? refusal : undefined)
    env.VPCMD_NO_TOKEN_CACHE = '1'
    const {code, stderr} = await vpcmd('metadata', 'apply', file, '--yes')
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringContaining(`Account ${idOf('team-d')}: IAM at ${new URL(cloud.url).host} gave no token`),
    })
    expect(changes().map(accountOf).sort()).toEqual(['a1234567', idOf('team-a')].sort())
  })

  it('is made in no more of its accounts than --account names', async () => {
    const file = home('plan.json')
    await vpcmd('metadata', 'plan', '--disable', '--all', '--name', 'web-1', '--region', 'eu-de', ...all, '--out', file)
    const {code} = await vpcmd('metadata', 'apply', file, '--yes', '--account', idOf('team-d'))
    expect({code, accounts: changes().map(accountOf)}).toEqual({code: 1, accounts: [idOf('team-d')]})
  })

  it('of another account is refused, server by server, where no profile is assumed', async () => {
    const file = home('plan.json')
    const one = ['--assume', 'vpcmd-auditor', '--account', idOf('team-d')]
    await vpcmd('metadata', 'plan', '--disable', '--all', '--name', 'web-1', '--region', 'eu-de', ...one, '--out', file)
    const {assumes, ...plan} = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify(plan))
    const {code, stderr} = await vpcmd('metadata', 'apply', file, '--yes')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('it is left alone')})
    expect(changes()).toEqual([])
  })

  it('names no file, and not all accounts, by the account of a server', async () => {
    const file = home('plan.json')
    await vpcmd('metadata', 'plan', '--disable', '--all', '--name', 'web-1', '--region', 'eu-de', ...all, '--out', file)
    const plan = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(
      file,
      JSON.stringify({...plan, changes: [{...plan.changes[0], target: {...plan.changes[0].target, account: 'all'}}]}),
    )
    cloud.asked.length = 0
    expect(await vpcmd('metadata', 'apply', file, '--yes')).toMatchObject({code: 3})
    expect(cloud.asked.filter(({url}) => url.pathname.startsWith('/enterprise'))).toEqual([])
    expect(changes()).toEqual([])
  })

  it('suggests commands that run', async () => {
    const {stderr} = await vpcmd('metadata', 'enable', '--all', '--name', 'web-2', '--yes', ...all)
    const [, undo = ''] = /^ +undo +vpcmd (.*)$/m.exec(stderr) ?? []
    expect(undo).toMatch(/^metadata undo \w+$/)
    expect(await vpcmd(...undo.split(' '), '--yes')).toMatchObject({code: 0})
  })

  it.each(['--enterprise', '--account-group', '--account', '--assume'])('takes no %s in its undo', async flag => {
    const {code, stderr} = await vpcmd('metadata', 'undo', flag, 'x')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(`${flag} can't narrow an undo`)})
  })
})
