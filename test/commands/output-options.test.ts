import {beforeAll, describe, expect, it} from 'vitest'
import {everyColumn} from '../../src/audit/columns.ts'
import {jsonKeysOf, keyOf} from '../../src/column.ts'
import {instanceColumns, showColumns} from '../../src/instances/columns.ts'
import {startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {instancesIn, startOddCloud} from '../support/odd-cloud.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(20, 'Each of its commands starts a sandbox.')

const env = freshEnvironment({VPCMD_SANDBOX: '1'})
const vpcmd = (...args: string[]) => runInProcess(args, {env})
const list = (...args: string[]) => vpcmd('instances', 'list', ...args)

describe('--query', () => {
  it('prints a text as it is for a script, and with quotes where JSON is asked for', async () => {
    const query = ['--query', '[0].name']
    expect((await list(...query)).stdout).toBe('batch-1\n')
    expect((await list(...query, '-o', 'json')).stdout).toBe('"batch-1"\n')
    expect((await list(...query, '--json')).stdout).toBe('"batch-1"\n')
    expect((await list(...query, '-o', 'yaml')).stdout).toBe('batch-1\n')
  })

  it('prints anything else as JSON, or in the format that is asked for', async () => {
    const query = ['--query', '[?starts_with(name,`web`)].{n:name}']
    expect(JSON.parse((await list(...query)).stdout)).toEqual([{n: 'web-1'}, {n: 'web-1'}, {n: 'web-2'}])
    expect((await list(...query, '-o', 'jsonl', '--sort', 'none')).stdout).toMatch(/^({"n":"web-\d"}\n){3}$/)
    expect((await list('--query', 'nothing')).stdout).toBe('null\n')
  })

  it.each([
    ['metadata history', 'length(@)', '0'],
    ['metadata show my-virtual-server-1', '[0].metadata_service.enabled', 'false'],
    ['instances show my-virtual-server-1', 'status', 'running'],
    ['instances create web-9 --like web-2 --dry-run', 'name', 'web-9'],
    ['instances stop my-virtual-server-1 --dry-run', 'planned[].name', '["my-virtual-server-1"]'],
    ['metadata enable my-virtual-server-1 --dry-run', '*[].after.enabled', '[true]'],
    ['connect my-virtual-server-2 --print', 'address', '169.47.94.48'],
    ['imds script --path keys', 'starts_with(script,`#!/bin/sh`)', 'true'],
    ['sandbox reset', 'type(reset)', 'boolean'],
    ['config get color', 'from', 'default'],
  ])('works on what vpcmd %s prints as JSON', async (line, query, found) => {
    const {code, stdout} = await vpcmd(...line.split(' '), '--query', query)
    expect({code, stdout: stdout.replace(/\s+(?=.)|\n/g, '')}).toEqual({code: 0, stdout: found})
  })

  it('leaves an audit its exit code', async () => {
    expect(await vpcmd('metadata', 'audit', '--query', 'counts.violation')).toMatchObject({code: 5, stdout: '4\n'})
  })

  it('that is wrong is told before anything is changed', async () => {
    const change = ['metadata', 'enable', 'my-virtual-server-1', '--yes']
    const {code, stdout, stderr} = await vpcmd(...change, '--query', 'changed[')
    expect({code, stdout}).toEqual({code: 2, stdout: ''})
    expect(stderr).toContain('--query is no JMESPath expression: it ends too early')
    expect((await vpcmd('metadata', 'history', '-q')).stdout).toBe('')
  })

  it('that does not fit what came out fails, and the run is reported all the same', async () => {
    const own = freshEnvironment({VPCMD_SANDBOX: '1'})
    const change = ['metadata', 'enable', 'my-virtual-server-1', '--yes', '--query', 'abs(changed)']
    const {code, stdout, stderr} = await runInProcess(change, {env: own})
    expect({code, stdout}).toEqual({code: 1, stdout: ''})
    expect(stderr).toMatch(
      /--query does not fit what there is: abs\(\).*\n(.*\n)*✓ 1 changed\n(.*\n)* {2}undo +vpcmd metadata undo/,
    )
  })

  it.each([
    [['-o', 'csv'], "can't be combined with -o csv"],
    [['-o', 'name'], "can't be combined with -o name"],
    [['-q'], "--quiet and --query can't be combined"],
  ])('is wrong usage with %j', async (more, why) => {
    const {code, stderr} = await list('--query', '[0]', ...more)
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(why)})
  })

  it('lets nothing act on a terminal', async () => {
    expect((await list('--query', "join('', [`\"a\\u001b[2J\"`, '\u202e'])")).stdout).toBe('a\n')
  })
})

describe('--columns', () => {
  it('leaves JSON the keys that the columns are read from, in each row the same', async () => {
    const rows = JSON.parse((await list('--columns', 'metadata,name,reservation', '--json')).stdout)
    expect(rows.length).toBeGreaterThan(5)
    for (const row of rows) expect(Object.keys(row)).toEqual(['metadata_service', 'name', 'reservation'])
    expect(rows[0]).toMatchObject({name: 'batch-1', reservation: null})
  })

  // A key that there is not would be null in every row, and nobody would notice.
  it.each([
    ['instances list --tag * --assume vpcmd-auditor', instanceColumns, '@'],
    ['metadata show --all --tag * --assume vpcmd-auditor', showColumns, '@'],
    ['metadata audit', everyColumn.table, 'subjects'],
  ])('of vpcmd %s are read from keys that there are', async (line, columns, rowsOf) => {
    const {stdout} = await vpcmd(...line.split(' '), '--query', `${rowsOf} | map(&keys(@), @)[]`, '--json')
    const told = new Set(JSON.parse(stdout))
    // What the sandbox's instances have none of; the contract of IBM's API has them.
    const rare = ['reservation', 'cluster_network', 'cluster_network_attachments', 'restart_awaited_since']
    const missing = columns.flatMap(column => jsonKeysOf(column)).filter(key => !told.has(key) && !rare.includes(key))
    expect(missing).toEqual([])
  })

  it('all is all', async () => {
    const {stdout} = await list('--columns', 'all', '-o', 'csv')
    expect(stdout.split('\n')[0]?.split(',')).toHaveLength(instanceColumns.length)
    const {stdout: audited} = await vpcmd('metadata', 'audit', '--columns', 'all', '-o', 'csv')
    expect(audited.split('\n')[0]?.split(',')).toHaveLength(everyColumn.csv.length)
    const row = JSON.parse((await list('--columns', 'all', '--limit', '1', '--json')).stdout)[0]
    expect(row).toHaveProperty('primary_network_attachment.primary_ip.address')
  })

  it('that JSON does not have are told', async () => {
    const {code, stderr} = await list('--columns', 'name,url', '-o', 'yaml')
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining('JSON and YAML have no url')})
  })

  it('that there are not are told with the nearest, before anything is asked', async () => {
    for (const line of ['instances list', 'metadata show --all', 'metadata audit']) {
      const {code, stderr} = await vpcmd(...line.split(' '), '--columns', 'nam', '-o', 'csv')
      expect({line, code, stderr}).toEqual({line, code: 2, stderr: expect.stringContaining('did you mean name?')})
      expect(stderr).not.toContain('Using the sandbox')
    }
    const sarif = await vpcmd('metadata', 'audit', '--columns', 'name', '-o', 'sarif')
    expect(sarif).toMatchObject({code: 2, stderr: expect.stringContaining("can't be combined with -o sarif")})
  })

  it('choose the columns of metadata show and of an audit', async () => {
    const shown = await vpcmd('metadata', 'show', 'my-virtual-server-2', '--columns', 'region,name', '-o', 'csv')
    expect(shown.stdout).toBe('Region,Name\nus-south,my-virtual-server-2\n')
    const audited = await vpcmd('metadata', 'audit', '--columns', 'name,verdict', '-o', 'csv', '--verdict', 'violation')
    expect(audited.stdout).toMatch(/^Name,Verdict\n([\w-]+,violation\n){4}$/)
    expect(keyOf({header: 'Exempt until'})).toBe('exempt-until')
  })
})

describe('--no-headers', () => {
  it('leaves rows alone, in a table, in CSV and in a stream', async () => {
    const columns = ['--columns', 'name,zone', '--no-headers']
    expect((await list(...columns, '--name', 'web-2')).stdout).toBe('web-2  eu-de-2\n')
    expect((await list(...columns, '--name', 'web-2', '-o', 'csv')).stdout).toBe('web-2,eu-de-2\n')
    expect((await list(...columns, '--name', 'web-2', '-o', 'csv', '--sort', 'none')).stdout).toBe('web-2,eu-de-2\n')
    expect((await list(...columns, '--name', 'nobody-*', '-o', 'csv')).stdout).toBe('')
  })
})

describe('--limit', () => {
  it.each(['table', 'csv', 'json', 'jsonl', 'name'])('cuts -o %s, and says so', async format => {
    for (const sort of ['name', 'none']) {
      const cut = await list('-o', format, '--limit', '2', '--sort', sort, '--columns', 'name')
      expect(cut.stdout.match(/[a-z]+-[\w-]+/g)).toHaveLength(2)
      expect(cut.stderr).toMatch(/Printed the first 2 of (9|more), because of --limit\./)
      expect(cut.code).toBe(0)
    }
  })

  it('says nothing where there are no more', async () => {
    for (const sort of ['name', 'none']) {
      const {stdout, stderr} = await list('-q', '--limit', '9', '--sort', sort)
      expect(stdout.trimEnd().split('\n')).toHaveLength(9)
      expect(stderr).not.toContain('--limit')
    }
  })

  it('is of lists alone: what an audit judges, or a change reaches, is never cut', async () => {
    expect(await list('--limit', '0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--limit takes a whole number from 1'),
    })
    for (const line of ['metadata audit', 'metadata show --all', 'metadata enable --all --yes']) {
      const {code, stderr} = await vpcmd(...line.split(' '), '--limit', '1')
      expect({line, code, stderr}).toEqual({line, code: 2, stderr: expect.stringContaining('Unknown flag --limit')})
    }
  })

  it('cuts the list of runs, the newest first', async () => {
    const own = freshEnvironment({VPCMD_SANDBOX: '1'})
    for (const verb of ['enable', 'disable']) {
      await runInProcess(['metadata', verb, 'my-virtual-server-1', '--yes'], {env: own})
    }
    const {stdout, stderr} = await runInProcess(['metadata', 'history', '--limit', '1', '--query', '[].command'], {
      env: own,
    })
    expect(JSON.parse(stdout)).toEqual(['disable'])
    expect(stderr).toContain('Printed the first 1 of 2, because of --limit.')
    expect((await runInProcess(['metadata', 'history', '2', '--limit', '1'], {env: own})).code).toBe(2)
  })
})

describe('-o name', () => {
  let names: string[]
  beforeAll(async () => {
    names = (await list('-o', 'name')).stdout.trimEnd().split('\n')
  })

  it('prints a name a line, also while they are read', async () => {
    expect(names).toContain('my-virtual-server-2')
    expect(names).toHaveLength(9)
    expect((await list('-o', 'name', '--sort', 'none')).stdout.trimEnd().split('\n').sort()).toEqual([...names].sort())
    expect((await vpcmd('metadata', 'show', '--all', '-o', 'name', '--zone', 'eu-de-2')).stdout).toBe('web-2\n')
  })

  it('says that a name is not the only one: a script might mean another', async () => {
    expect((await list('-o', 'name')).stderr).toContain('More than one is called web-1: -q prints IDs')
    expect((await list('-o', 'name', '--region', 'eu-de')).stderr).not.toContain('More than one')
  })
  it('prints the ID of an instance whose name a terminal would show as that of another one, or a command take for a flag', async () => {
    const sandbox = await startSandbox()
    const odd = await startOddCloud(sandbox, {
      change(_, body) {
        for (const instance of instancesIn(body)) {
          if (instance.name === 'web-2') instance.name = 'batch\u200b-1'
          if (instance.name === 'train-1') delete instance.name
          if (instance.name === 'build-1') instance.name = '-y'
        }
      },
    })
    try {
      for (const sort of ['zone', 'none']) {
        const {stdout} = await runInProcess(['instances', 'list', '-o', 'name', '--sort', sort], {
          env: freshEnvironment(odd.environment),
        })
        const lines = stdout.trimEnd().split('\n')
        expect(lines.filter(line => line.startsWith('batch'))).toEqual(['batch-1'])
        expect(lines.filter(line => /^\d{4}_/.test(line))).toHaveLength(3)
        expect(lines).not.toContain('-y')
      }
    } finally {
      await odd.close()
      await sandbox.close()
    }
  })
})
