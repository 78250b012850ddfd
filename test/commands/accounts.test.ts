import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {claimsIn} from '../../src/jwt-claims.ts'
import {startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {keys} from '../support/pty.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(20, 'Each asks several accounts.')

// acme is the key's own; team-b has no profile to assume, and team-c is not active.
const here = startEachSandbox({account: 'a1234567', accounts: 5, regions: ['us-south', 'eu-de']})

const all = ['--assume', 'vpcmd-auditor', '--account', 'all']
const idOf = (name: string) => here.sandbox.accounts.find(each => each.name === name)?.id ?? ''
const vpcmd = (...args: string[]) => runInProcess(args, {env: here.env})
const json = async (...args: string[]) => JSON.parse((await vpcmd(...args, '--json')).stdout)
const home = (file: string) => join(here.env.HOME ?? '', file)

interface Row {
  id: string
  name: string
  account: string
  account_name: string
}

describe('all accounts of the enterprise', () => {
  it('are listed with whose each instance is; one that refuses costs that one only, and is told', async () => {
    const {code, stdout, stderr} = await vpcmd('instances', 'list', ...all, '--json')
    const rows: Row[] = JSON.parse(stdout)
    expect(code).toBe(1)
    expect([...new Set(rows.map(({account_name: name}) => name))].sort()).toEqual(['acme', 'team-a', 'team-d'])
    expect(new Set(rows.map(({id}) => id)).size).toBe(rows.length)
    expect(
      rows
        .filter(({name}) => name === 'web-1')
        .map(({account}) => account)
        .sort(),
    ).toEqual(['acme', 'team-a', 'team-d'].map(idOf).sort())
    expect(stderr).toContain('team-c (PENDING)')
    expect(stderr).toMatch(/Account team-b \(\w+\): IAM at .* gave no token for the trusted profile vpcmd-auditor/)
    expect(stderr).not.toContain('could not be read')
  })

  it('are a column, and told apart where names are the same', async () => {
    const {stdout} = await vpcmd('instances', 'list', ...all, '--name', 'web-2')
    expect(stdout.split('\n')[0]).toMatch(/^Name +ID +Account /)
    expect(stdout).toMatch(/^web-2 .* team-a /m)
    const named = await vpcmd('metadata', 'show', 'web-2', ...all)
    expect(named).toMatchObject({code: 4, stderr: expect.stringContaining('eu-de of account team-a')})
  })

  it('have their column beside those that the config file names, and beside none that the command names', async () => {
    const also = {env: {...here.env, VPCMD_COLUMNS: 'name,zone'}}
    const {stdout} = await runInProcess(['instances', 'list', ...all, '--name', 'web-2'], also)
    expect(stdout).toMatch(/^Name +Account +Zone\nweb-2 +acme .*\nweb-2 +team-a /)
    const named = await runInProcess(['instances', 'list', ...all, '--name', 'web-2', '--columns', 'name'], also)
    expect(named.stdout).toMatch(/^Name\nweb-2\n/)
  })

  it('are told apart where one instance is picked of several, and in what is asked before a change', async () => {
    const pty = startInProcess(['metadata', 'disable', 'web-1', ...all], {env: here.env, cols: 120})
    await pty.waitFor('3 instances are called web-1. Which one?')
    await pty.waitFor(/^> web-1 +acme +eu-de-1 /m)
    await pty.reply(/^ {2}web-1 +team-a +eu-de-1 /m, keys.down)
    await pty.reply(/^> web-1 +team-a /m, keys.enter)
    await pty.waitFor('Disable the metadata service of 1 instance')
    expect(pty.everything()).toContain('eu-de-1, account team-a): https/2 -> off')
    pty.write(keys.enter)
    expect(await pty.exit).toEqual({exitCode: 1})
  })

  it('are never compliant together while one of them could not be read', async () => {
    writeFileSync(
      home('p.yaml'),
      'version: 1\nrules: [{name: any, require: {enabled: false}, match: {name: nothing}}]\n',
    )
    const {code, stdout, stderr} = await vpcmd('metadata', 'audit', ...all, '--json')
    const report = JSON.parse(stdout)
    expect(code).toBe(1)
    expect(report).toMatchObject({
      result: 'incomplete',
      account: 'a1234567',
      assumes: 'vpcmd-auditor',
      accounts: expect.arrayContaining([{id: idOf('team-b'), name: 'team-b'}]),
      unread: [{region: 'all regions', kinds: expect.arrayContaining(['instance', 'instance_template'])}],
    })
    expect(stderr).toContain('not all could be read in team-b (all regions)')
  })

  it('are planned, changed, undone and resumed from where the run signed in, without flags', async () => {
    const file = home('plan.json')
    const planned = await vpcmd(
      'metadata',
      'plan',
      '--enable',
      '--hop-limit',
      '3',
      '--all',
      '--name',
      'web-*',
      ...all,
      '--out',
      file,
    )
    expect(planned.code).toBe(1)
    expect(planned.stderr).toMatch(/^! \d+ to change, \d+ unchanged; 1 region or account not read$/m)
    const plan = JSON.parse(readFileSync(file, 'utf8'))
    expect(plan).toMatchObject({assumes: 'vpcmd-auditor', account: 'a1234567'})
    // The account is named once.
    expect(plan.unread).toEqual([expect.stringMatching(/^Account team-b [^:]*: IAM at/)])
    expect(new Set(plan.changes.map((each: {target: Row}) => each.target.account)).size).toBe(3)

    // Not all that was meant was read.
    const applied = await vpcmd('metadata', 'apply', file, '--yes', '--json')
    expect(applied.code).toBe(1)
    expect(JSON.parse(applied.stdout).changed).toHaveLength(plan.changes.length)
    const after = await json('metadata', 'show', '--all', '--name', 'web-*', ...all)
    expect(
      after.every((each: {metadata_service: object}) => Object(each.metadata_service).response_hop_limit === 3),
    ).toBe(true)

    const undone = await vpcmd('metadata', 'undo', '--yes', '--json')
    expect(undone.code).toBe(0)
    expect(JSON.parse(undone.stdout).changed).toHaveLength(plan.changes.length)
    const [undo, run] = await json('metadata', 'history')
    expect([undo, run]).toMatchObject([
      {assumes: 'vpcmd-auditor', command: 'undo'},
      {command: 'apply', undone_by: undo.id},
    ])
    const shown = await vpcmd('metadata', 'history', run.id)
    expect(shown.stdout).toMatch(/^Name +ID +Account +Zone/m)
    expect(shown.stderr).toContain('as vpcmd-auditor in the accounts of its servers')
    expect((await vpcmd('metadata', 'resume', run.id)).code).toBe(1)
  })

  it('are changed with an ending whose commands can be run as they are printed', async () => {
    const changed = await vpcmd('metadata', 'enable', '--all', '--name', 'web-2', '--hop-limit', '3', ...all, '--yes')
    expect(changed.stdout).toMatch(/^web-2 .* team-a .* changed$/m)
    const [, restart = ''] = /^ {2}restart +vpcmd (.*)$/m.exec(changed.stderr) ?? []
    expect(restart).toMatch(/^metadata resume [0-9a-f]{4} --restart$/)
    const [, undo = ''] = /^ {2}undo +vpcmd (.*)$/m.exec(changed.stderr) ?? []
    // An undo and history call the accounts as the run did.
    const row = expect.stringMatching(/^web-2 .* team-a .* changed/m)
    expect(await vpcmd(...undo.split(' '), '--yes')).toMatchObject({code: 0, stdout: row})
    const [run = ''] = (await vpcmd('metadata', 'history', '-q')).stdout.split('\n')
    expect((await vpcmd('metadata', 'history', run)).stdout).toEqual(row)
  })

  it('are left alone where a plan names them and the command does not, instance by instance', async () => {
    const file = home('plan.json')
    await vpcmd('metadata', 'plan', '--disable', '--all', '--name', 'web-2', ...all, '--out', file)
    const args = ['--assume', 'vpcmd-auditor', '--account', idOf('team-a')]
    const {code, stdout} = await vpcmd('metadata', 'apply', file, '--yes', '--json', ...args)
    const {changed, failed} = JSON.parse(stdout)
    // web-2 is off already, so nothing is planned for it: the plan of web-1 is what counts.
    expect({code, changed, failed}).toEqual({code: 1, changed: [], failed: []})
    await vpcmd('metadata', 'plan', '--disable', '--all', '--name', 'web-1', '--region', 'eu-de', ...all, '--out', file)
    const second = await vpcmd('metadata', 'apply', file, '--yes', '--json', ...args)
    const outcome = JSON.parse(second.stdout)
    expect(second.code).toBe(1)
    expect(outcome.changed.map(({account}: Row) => account)).toEqual([idOf('team-a')])
    expect(outcome.failed.map(({account}: Row) => account).sort()).toEqual([idOf('acme'), idOf('team-d')].sort())
    expect(second.stderr).toContain(`--account ${idOf('team-d')}`)
    expect(second.stderr).toMatch(new RegExp(`web-1 \\(\\S+\\) is in account ${idOf('team-d')}`))
    // They are no part of the run, so that nobody who finishes it changes them.
    expect(second.stderr).not.toContain('metadata resume')
    const [run] = await json('metadata', 'history')
    expect(run.counts).toMatchObject({changed: 1})
    expect(run.counts).toMatchObject({failed: 0, skipped: 0})
    expect((await vpcmd('metadata', 'resume', '--yes')).code).toBe(4)
  })

  it('is said of by whoami, with what can not be assumed', async () => {
    const who = await json('whoami', ...all)
    expect(who.assumes.profile).toBe('vpcmd-auditor')
    const refused = who.assumes.accounts.filter((each: {allowed: boolean}) => !each.allowed)
    expect(refused).toMatchObject([{name: 'team-b', why: expect.stringContaining('gave no token')}])
    expect((await vpcmd('whoami', ...all)).stdout).toMatch(
      /^Assumes +vpcmd-auditor in 3 accounts: acme, .*; not in team-b$/m,
    )
  })
})

it('of many accounts that refuse, the first are told in full and the others by name', async () => {
  const many = await startSandbox({accounts: 4, regions: ['us-south']})
  const ids = Array.from({length: 20}, (_, index) => `${index}`.padStart(32, '0'))
  const accounts = [many.account, ...ids].join(',')
  const {code, stdout, stderr} = await runInProcess(
    ['instances', 'list', '-q', '--assume', 'vpcmd-auditor', '--account', accounts],
    {env: freshEnvironment({...many.environment})},
  )
  await many.close()
  expect({code, count: stderr.match(/^Warning: Account /gm)?.length}).toEqual({code: 1, count: 15})
  expect(stdout).not.toBe('')
  expect(stderr).toMatch(/^Warning: These could not be read, either: account 0+15, .*0+19\.$/m)
})

describe('an account that is named', () => {
  it('is worked in through its profile, by name, ID or CRN, and no other is', async () => {
    const id = idOf('team-d')
    const grant = async (name: string, form: Record<string, string>): Promise<string> => {
      const body = new URLSearchParams({grant_type: `urn:ibm:params:oauth:grant-type:${name}`, ...form})
      const answer = await fetch(`${here.sandbox.environment.VPC_AUTH_URL}/identity/token`, {method: 'POST', body})
      return String(Object(await answer.json()).access_token)
    }
    const own = await grant('apikey', {apikey: here.sandbox.apiKey})
    const assumed = await grant('assume', {access_token: own, profile_name: 'vpcmd-auditor', account: id})
    const profileId = String(claimsIn(assumed)?.iam_id).replace('iam-', '')
    const profile = {id: profileId, crn: `crn:v1:bluemix:public:iam-identity::a/${id}::profile:${profileId}`}
    const ways = [['vpcmd-auditor', '--account', id], [profile.id], [profile.crn], [profile.id, '--account', id]]
    for (const [name = '', ...more] of ways) {
      const rows: Row[] = await json('instances', 'list', '--assume', name, ...more)
      expect(new Set(rows.map(({account}) => account))).toEqual(new Set([id]))
    }
    const other = await vpcmd('instances', 'list', '--assume', profile.id, '--account', idOf('team-a'))
    expect(other).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(`are of account ${id}, and not of`),
    })
  })

  it('is no other than that of the credentials, where no profile is assumed', async () => {
    expect((await vpcmd('instances', 'list', '--account', 'a1234567')).code).toBe(0)
    here.seen = []
    const {code, stderr} = await vpcmd('instances', 'list', '--account', idOf('team-a'))
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('pass --assume')})
    expect(here.seen.filter(({path}) => path.includes('/v1/'))).toEqual([])
  })

  it('has tokens and regions of its own among those that are kept', async () => {
    const idsIn = async (name: string) => {
      const rows: Row[] = await json('instances', 'list', '--assume', 'vpcmd-auditor', '--account', idOf(name))
      return rows.map(({id}) => id)
    }
    const [first, second, again] = [await idsIn('team-a'), await idsIn('team-d'), await idsIn('team-a')]
    expect(first).toEqual(again)
    expect(second.filter(id => first.includes(id))).toEqual([])
    expect(here.seen.filter(({path}) => path.startsWith('/identity/token'))).toHaveLength(3)
  })

  it('comes from a file as well, with comments', async () => {
    writeFileSync(home('accounts'), `# mine\n${idOf('team-a')}\n\n${idOf('team-d')} # the other\n`)
    const rows: Row[] = await json(
      'instances',
      'list',
      '--assume',
      'vpcmd-auditor',
      '--account',
      `@${home('accounts')}`,
    )
    expect(new Set(rows.map(({account}) => account)).size).toBe(2)
  })
})

describe('what can not be meant', () => {
  it.each([
    [['--account', 'all'], 'needs --assume'],
    [['--account', 'a1,b2'], 'needs --assume'],
    [['--assume', 'p', '--enterprise', 'e'], '--account all'],
    [['--assume', 'p', '--account', 'all,b2'], 'all of them already'],
    [['--assume', 'Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5', '--account', 'all'], 'is of one account'],
    [['--assume', 'crn:v1:bluemix:public:is:us-south:a/1::instance:1'], 'not the CRN of a trusted profile'],
    [['--assume', ''], 'has no name'],
    [[...all, '--account-group', ''], '--account-group is empty'],
    [[...all, '--enterprise', ' '], '--enterprise is empty'],
    [['--assume', 'p', '--account', '../x'], 'not the ID of an account'],
    [['--assume', 'p', '--account', '@/nowhere/at/all'], 'no such file'],
  ])('%j is refused before anything is sent', async (args, why) => {
    const {code, stderr} = await vpcmd('instances', 'list', ...args)
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(why)})
    expect(here.seen).toEqual([])
  })

  it('an undo in other accounts than its run had', async () => {
    const {code, stderr} = await vpcmd('metadata', 'undo', ...all)
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining("--account can't narrow an undo")})
  })

  it.each([
    ['--enterprise', 'in the enterprise nope.'],
    ['--account-group', 'in the account group nope.'],
  ])('what %s does not name', async (flag, where) => {
    const {code, stderr} = await vpcmd('instances', 'list', ...all, flag, 'nope')
    expect({code, stderr}).toEqual({code: 4, stderr: expect.stringContaining(where)})
  })

  it('an enterprise where there is none', async () => {
    const single = await startSandbox()
    const {code, stderr} = await runInProcess(['instances', 'list', ...all], {
      env: freshEnvironment({...single.environment}),
    })
    await single.close()
    expect({code, stderr}).toEqual({code: 4, stderr: expect.stringContaining('lists no active account')})
  })
})

it('a sandbox that is started again at its address is signed in to anew, whatever token was kept of the other', async () => {
  const port = Number(new URL(here.sandbox.url).port)
  expect((await vpcmd('instances', 'list', '-q')).code).toBe(0)
  await here.sandbox.close()
  here.sandbox = await startSandbox({account: 'a7654321', regions: ['us-south', 'eu-de'], port})
  for (const args of [
    ['instances', 'list', '-q', '-r', 'us-south'],
    ['metadata', 'enable', 'my-virtual-server-1'],
  ]) {
    expect(await vpcmd(...args)).toMatchObject({code: 0})
  }
})
