import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {keys, type Pty, startPty} from '../support/pty.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'Fleets of hundreds are changed, on terminals.')

const serverTwo = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

let folder: string
let sandbox: Sandbox
let env: Record<string, string>
let patches: unknown[]
let pty: Pty | undefined

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vpcmd-review-'))
  patches = []
  sandbox = await startSandbox({
    onRequest: ({method, body}) => {
      if (method === 'PATCH') patches.push(body)
    },
  })
  env = freshEnvironment(sandbox.environment)
})
afterEach(async () => {
  pty?.kill()
  pty = undefined
  await sandbox.close()
  rmSync(folder, {recursive: true, force: true})
})

/** SIGUSR2 sets the program's clock forward by an hour. */
const clockThatJumps = `data:text/javascript,${encodeURIComponent(
  'const {now} = Date; let ahead = 0; Date.now = () => now() + ahead; process.on("SIGUSR2", () => { ahead += 3600000 })',
)}`

function startTerminal(cols: number, ...args: string[]): Pty {
  return startPty(process.execPath, ['--import', clockThatJumps, vpcmdPath, ...args], {cols, env})
}

describe('a list that is open for an hour', () => {
  it('is not taken for a fresh reading: what somebody changed meanwhile is a conflict', async () => {
    const terminal = startTerminal(160, 'metadata', 'enable', '--protocol', 'http', '--hop-limit', '1')
    pty = terminal
    await terminal.waitFor('9 of 9 shown')
    terminal.kill('SIGUSR2')
    await sandbox.fleet.change(serverTwo, {metadata_service: {protocol: 'https'}})
    terminal.write('server-2')
    await terminal.reply('1 of 9 shown', `${keys.space}${keys.enter}`)
    await terminal.reply(/of 1 instance \(1 switched on with \S+\)\? \(y\/N\)/, `y${keys.enter}`)
    expect(await terminal.exit).toEqual({exitCode: 1})
    expect(terminal.everything()).toContain('conflict')
    expect(patches).toEqual([])
  })

  it('is looked at again before the console changes anything', async () => {
    const terminal = startTerminal(160, 'console')
    pty = terminal
    await terminal.reply('9 of 9 shown', 'server-2')
    await terminal.reply('1 of 9 shown', keys.enter)
    await terminal.waitFor('Enable the metadata service')
    await sandbox.fleet.change(serverTwo, {metadata_service: {response_hop_limit: 7}})
    terminal.write(`${keys.down}${keys.enter}`)
    await terminal.reply('Protocol?', `${keys.down}${keys.enter}`)
    await terminal.reply('Go on?', `y${keys.enter}`)
    await terminal.waitFor('is no longer')
    expect(patches).toEqual([])
  })
})

describe('a rollout on a terminal of 80 columns', () => {
  it('shows changes without a break in a word, and takes Ctrl-C at the question after the canaries for what it is', async () => {
    const terminal = startTerminal(
      80,
      'metadata',
      'enable',
      '--all',
      '--hop-limit',
      '9',
      '-r',
      'us-south',
      '--canary',
      '1',
    )
    pty = terminal
    await terminal.waitFor(/with\s+\S+\/9\)\?\s+\(y\/N\)/)
    expect(terminal.screen()).toMatch(/my-virtual-server-2 \(\S+,\n? *us-south-2\):/)
    expect(terminal.screen().match(/-> https?\/9$/gm)).toHaveLength(3)
    terminal.write(`y${keys.enter}`)
    await terminal.reply('Go on with the other 2?', keys.ctrlC)
    expect(await terminal.exit).toEqual({exitCode: 130})
    expect(terminal.everything()).toContain('1 changed, 2 skipped')
    expect(patches).toHaveLength(1)
    expect((await runInProcess(['metadata', 'history', '-o', 'csv'], {env})).stdout).toMatch(/,interrupted,,0\n$/)
  })
})

describe('metadata plan --out FILE', () => {
  it('prints what is planned where a format is asked for, so that stdout is never half a document', async () => {
    const out = join(folder, 'plan.json')
    const plan = (...more: string[]) =>
      runInProcess(['metadata', 'plan', '--enable', 'my-virtual-server-2', '--out', out, ...more], {env})
    const json = await plan('--json')
    expect(JSON.parse(json.stdout).planned).toMatchObject([{id: serverTwo, after: {enabled: true}}])
    expect((await plan('-q')).stdout).toBe(`${serverTwo}\n`)
    expect((await plan('-o', 'jsonl')).stdout).toContain('"result":"planned"')
    expect((await plan()).stdout).toBe('')
    expect(JSON.parse(readFileSync(out, 'utf8')).changes).toHaveLength(1)
  })

  it('finds out before it reads a fleet that the file has no folder, and quotes its name for the shell', async () => {
    const nowhere = join(folder, 'nosuch', 'plan.json')
    const refused = await runInProcess(['metadata', 'plan', '--enable', '--all', '--out', nowhere], {env})
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('there is no folder')
    const ids = join(folder, 'ids')
    writeFileSync(ids, 'my-virtual-server-1\n')
    const over = await runInProcess(['metadata', 'plan', '--enable', '--from-file', ids, '--out', `${folder}/./ids`], {
      env,
    })
    expect([over.code, readFileSync(ids, 'utf8')]).toEqual([2, 'my-virtual-server-1\n'])
    expect(over.stderr).toContain('it is read by the same command')
    const out = join(folder, 'my plan.json')
    const written = await runInProcess(['metadata', 'plan', '--enable', '--all', '--out', out], {env})
    expect(written.stderr).toContain(`vpcmd metadata apply '${out}'`)
  })

  it('says in JSON as well which instances there are not, and writes nothing', async () => {
    const out = join(folder, 'plan.json')
    const plan = (...names: string[]) =>
      runInProcess(['metadata', 'plan', '--enable', ...names, '--out', out, '--json'], {env})
    const one = await plan('nosuch')
    expect(one.code).toBe(4)
    expect(JSON.parse(one.stdout).error).toMatchObject({
      code: 'instance_not_found',
      message: 'There is no instance with the name nosuch in any of 13 regions.',
    })
    const two = await plan('nosuch', 'my-virtual-server-2')
    expect(two.code).toBe(1)
    expect(JSON.parse(two.stdout).error).toMatchObject({code: 'plan_incomplete'})
    expect(JSON.parse(two.stdout).error.message).toContain('no plan was written: nosuch.')
    expect(existsSync(out)).toBe(false)
  })
})

describe('metadata apply', () => {
  it('of nothing is written, and is not offered to be applied', async () => {
    const out = join(env.HOME ?? '', 'plan.json')
    const {code, stderr} = await runInProcess(['metadata', 'plan', '--enable', 'train-1', '--out', out], {env})
    expect({code, stderr}).toEqual({code: 0, stderr: '✓ 0 to change, 1 unchanged\n'})
    expect(JSON.parse(readFileSync(out, 'utf8')).changes).toEqual([])
  })

  it('sends nothing of a plan that names a region which there is not', async () => {
    const out = join(folder, 'plan.json')
    await runInProcess(['metadata', 'plan', '--enable', '--all', '--out', out], {env})
    writeFileSync(out, readFileSync(out, 'utf8').replace('"region":"us-south"', '"region":"us-sooth"'))
    const applied = await runInProcess(['metadata', 'apply', out, '--yes', '--json'], {env})
    expect(applied.code).toBe(2)
    expect(JSON.parse(applied.stdout).error.message).toBe(
      'There is no region us-sooth (from the plan). Did you mean us-south?',
    )
    expect(patches).toEqual([])
  })
})

describe('what is written down already', () => {
  it('is compared with what holds now in a dry run, of apply and of undo', async () => {
    const out = join(folder, 'plan.json')
    const both = ['my-virtual-server-1', 'my-virtual-server-2']
    await runInProcess(['metadata', 'plan', '--enable', '--hop-limit', '3', ...both, '--out', out], {env})
    const dryRun = async (...args: string[]) => {
      const {code, stdout} = await runInProcess(['metadata', ...args, '--dry-run', '--json'], {env})
      const {planned = [], conflict = [], changed} = JSON.parse(stdout)
      const names = (rows: {name: string}[]) => rows.map(({name}) => name)
      return {code, planned: names(planned), conflict: names(conflict), changed}
    }
    expect(await dryRun('apply', out)).toEqual({code: 0, planned: both, conflict: [], changed: []})
    await runInProcess(['metadata', 'apply', out, '--yes'], {env})
    patches.length = 0
    expect(await dryRun('apply', out)).toEqual({code: 0, planned: [], conflict: [], changed: []})
    await sandbox.fleet.change(serverTwo, {metadata_service: {response_hop_limit: 5}})
    expect(await dryRun('undo')).toEqual({code: 1, planned: both.slice(0, 1), conflict: both.slice(1), changed: []})
    expect(patches).toEqual([])
  })

  it('is undone once: who names the run again is told that it was', async () => {
    const run = (...args: string[]) => runInProcess(['metadata', ...args], {env})
    await run('enable', 'my-virtual-server-1', '--yes')
    const [{id}] = JSON.parse((await run('history', '--json')).stdout)
    await run('undo', id, '--yes')
    patches.length = 0
    const again = await run('undo', id, '--yes')
    expect(again).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/Warning: Run \S+ was undone already, by run \S+\./),
    })
    expect(again.stdout).toMatch(/my-virtual-server-1 .* off +off +unchanged/)
    expect(patches).toEqual([])
  })

  it('is still unfinished after an undo that took nothing back', async () => {
    const run = (...args: string[]) => runInProcess(['metadata', ...args], {env})
    await run('enable', 'my-virtual-server-1', 'my-virtual-server-2', '--yes', '--concurrency', '1')
    const folder = join(env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs')
    const [file = ''] = readdirSync(folder).filter(name => name.endsWith('.jsonl'))
    const lines = readFileSync(join(folder, file), 'utf8').split('\n')
    // As a process that was killed after the first outcome leaves it, and before it sent more.
    const end = lines.findIndex(line => line.includes('"t":"outcome"')) + 1
    writeFileSync(join(folder, file), `${lines.slice(0, end).join('\n')}\n`)
    const {i} = JSON.parse(lines[end - 1] ?? '')
    const [made = ''] = [lines.map(line => line && JSON.parse(line)).find(line => line.t === 'change' && line.i === i)]
    await sandbox.fleet.change(made.target.id, {metadata_service: {response_hop_limit: 9}})
    expect((await run('undo', '--yes')).code).toBe(1)
    const {planned} = JSON.parse((await run('resume', '--dry-run', '--json')).stdout)
    expect(planned.length + JSON.parse((await run('resume', '--dry-run', '--json')).stdout).unchanged.length).toBe(1)
  })

  it('is no risk any more once it is made', async () => {
    const out = join(folder, 'plan.json')
    await runInProcess(
      ['metadata', 'plan', '--enable', '--protocol', 'http', '--all', '--name', 'web-1', '--out', out],
      {env},
    )
    const apply = async () =>
      JSON.parse((await runInProcess(['metadata', 'apply', out, '--yes', '--json'], {env})).stdout)
    expect((await apply()).changed).toEqual([expect.objectContaining({less_secure: ['protocol']})])
    const {changed, unchanged} = await apply()
    expect(changed).toEqual([])
    expect(unchanged).toEqual([expect.not.objectContaining({less_secure: expect.anything()})])
  })

  it('is asked for as far as it is still to be made', async () => {
    const out = join(folder, 'plan.json')
    const both = ['my-virtual-server-1', 'my-virtual-server-2']
    await runInProcess(['metadata', 'plan', '--enable', '--hop-limit', '3', ...both, '--out', out], {env})
    await sandbox.fleet.change(serverTwo, {metadata_service: {enabled: true, response_hop_limit: 3}})
    const first = startTerminal(100, 'metadata', 'apply', out)
    pty = first
    await first.waitFor(/Make the 1 change of the plan/)
    expect(first.everything()).toContain('Read anew: 1 unchanged; left to change:')
    first.write(`y${keys.enter}`)
    expect(await first.exit).toEqual({exitCode: 0})
    expect(first.everything()).toContain('1 changed, 1 unchanged')
    expect(patches).toHaveLength(1)

    const again = startTerminal(100, 'metadata', 'apply', out)
    pty = again
    expect(await again.exit).toEqual({exitCode: 0})
    expect(again.everything()).toContain('2 unchanged')
    expect(again.everything()).not.toContain('(y/N)')
    // Where nobody can answer, it asks for --yes whatever is left.
    expect((await runInProcess(['metadata', 'apply', out], {env})).code).toBe(2)
    expect(patches).toHaveLength(1)
  })
})

describe('-q', () => {
  it('keeps quiet about a run that went through, and not about one that did not', async () => {
    const change = (...more: string[]) => runInProcess(['metadata', 'enable', '--all', '--yes', '-q', ...more], {env})
    const through = await change('--hop-limit', '3')
    expect(through).toMatchObject({code: 0})
    expect(through.stderr).not.toContain('Run ')
    const refusing = await startSandbox({faults: [{kind: '403', method: 'PATCH', count: 1}]})
    env = {...env, ...refusing.environment}
    const stopped = await change('--hop-limit', '4', '--max-failures', '0', '--concurrency', '1', '-r', 'us-south')
    await refusing.close()
    expect(stopped).toMatchObject({code: 1, stdout: ''})
    expect(stopped.stderr).toMatch(/✗ Stopped early: 1 failed, 2 skipped\n {2}finish {2}vpcmd metadata resume/)
    expect(stopped.stderr).toContain('vpcmd metadata resume')
  })
})

describe('what could not be read', () => {
  it('is told beside the outcomes, and kept in the history of the run', async () => {
    const half = await startSandbox({faults: [{kind: '403', path: /\/eu-de\/v1\/instances/}]})
    env = {...env, ...half.environment}
    const {code, stdout} = await runInProcess(['metadata', 'enable', '--all', '--hop-limit', '3', '--yes', '--json'], {
      env,
    })
    await half.close()
    expect(code).toBe(1)
    const told = JSON.parse(stdout)
    expect(told.unread).toEqual([expect.stringContaining('eu-de')])
    expect(told.changed.length).toBeGreaterThan(0)
    const [run] = JSON.parse((await runInProcess(['metadata', 'history', '--json'], {env})).stdout)
    expect(run.unread).toEqual(told.unread)
  })

  it('stands in the last line, so that no run passes for a whole one', async () => {
    const half = await startSandbox({faults: [{kind: '403', path: /\/eu-de\/v1\/instances/}]})
    env = {...env, ...half.environment}
    const enable = ['metadata', 'enable', '--all', '--hop-limit', '3', '--yes']
    const words = [
      [[...enable, '--dry-run'], / planned; 1 region not read\.$/m],
      [enable, /^! \d+ changed.*; 1 region not read$/m],
      [enable, /^! \d+ unchanged.*; 1 region not read$/m],
      [['instances', 'stop', '--all', '--yes', '--dry-run'], / planned.*; 1 region not read\.$/m],
      [[...enable, '--name', 'nope'], /^No instances found in what could be read\.\n! Nothing to do; 1 region not/m],
      [['metadata', 'show', '--all', '--name', 'nope'], /^No instances found in what could be read\.$/m],
      [['instances', 'list', '--name', 'nope'], /^No instances found in what could be read\. --name takes/m],
    ] as const
    for (const [argv, told] of words) {
      const {code, stderr} = await runInProcess([...argv], {env})
      expect(code, argv.join(' ')).toBe(1)
      expect(stderr, argv.join(' ')).toMatch(told)
    }
    await half.close()
  })

  it('of the journals does not hide the other runs, nor passes unnoticed', async () => {
    await runInProcess(['metadata', 'enable', serverTwo], {env})
    const newer = join(env.XDG_STATE_HOME ?? '', 'vpcmd', 'runs', '29991231-235959-0000.jsonl')
    writeFileSync(newer, '{"t":"run","v":2,"id":"29991231-235959-0000"}\n')
    const listed = await runInProcess(['metadata', 'history', '--json'], {env})
    expect(listed.code).toBe(1)
    expect(listed.stderr).toContain('29991231-235959-0000')
    expect(JSON.parse(listed.stdout)).toHaveLength(1)
    // Whoever takes back the newest run must not take another for it.
    const undone = await runInProcess(['metadata', 'undo', '--yes'], {env})
    expect(undone.code).toBe(1)
    expect(patches).toHaveLength(1)
  })
})

describe('a policy of which no rule matches anything', () => {
  it('does not pass for compliance', async () => {
    const policy = join(folder, 'policy.yaml')
    writeFileSync(
      policy,
      'version: 1\nrules:\n  - {name: south, match: {region: us-sooth}, require: {enabled: true}}\n',
    )
    const {code, stderr} = await runInProcess(['metadata', 'audit', '--policy', policy], {env})
    expect(code).toBe(1)
    expect(stderr).toMatch(/^✗ Nothing was judged: no rule of the policy \S+ matches any of the \d+ that were read\.$/m)
  })
})
