import {afterAll, afterEach, beforeAll, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {keys, type Pty, startPty} from '../support/pty.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let sandbox: Sandbox
let pty: Pty | undefined

beforeAll(async () => {
  sandbox = await startSandbox({instances: 400, regions: ['us-south']})
})
afterEach(() => pty?.kill())
afterAll(() => sandbox.close())

function start(args: string, env: Record<string, string>, rows = 30): Pty {
  const all = freshEnvironment({...sandbox.environment, ...env})
  // A pseudo-terminal sets TERM to its own.
  const call = [`TERM=${all.TERM}`, process.execPath, vpcmdPath, ...args.split(' ')]
  pty = startPty('/usr/bin/env', call, {cols: 70, rows, env: all})
  return pty
}

/** How many instances were printed, those through the pager `marking` and those past it. */
function counted(terminal: Pty): {marked: number; plain: number} {
  const lines = terminal.everything().split('\n')
  return {
    marked: lines.filter(line => /^> (vsi|\w+-\d)/.test(line)).length,
    plain: lines.filter(line => /^(vsi|\w+-\d)/.test(line)).length,
  }
}

const list = 'instances list --columns name'
const marking = "sed 's/^/> /'"

it('a table that is taller than the terminal goes through the pager, and notes come after it', async () => {
  const terminal = start('instances list --columns name,zone', {PAGER: `${marking}; sleep 0.3; echo CLOSED`})
  expect((await terminal.exit).exitCode).toBe(0)
  expect(counted(terminal)).toEqual({marked: 400, plain: 0})
  const audit = start('metadata audit', {PAGER: `${marking}; sleep 0.3; echo CLOSED`})
  expect((await audit.exit).exitCode).toBe(5)
  const [data, notes] = audit.everything().split('CLOSED')
  expect(data).toMatch(/> violation/)
  expect(notes).toMatch(/Not compliant/)
})

it.each<[what: string, args: string, env: Record<string, string>]>([
  ['--no-pager', `${list} --no-pager`, {}],
  ['--no-input', `${list} --no-input`, {}],
  ['CI', list, {CI: 'true'}],
  ['TERM=dumb', list, {TERM: 'dumb'}],
  ['an empty VPCMD_PAGER over PAGER', list, {VPCMD_PAGER: ''}],
])('no pager with %s', async (_what, args, env) => {
  const terminal = start(args, {PAGER: marking, ...env})
  expect((await terminal.exit).exitCode).toBe(0)
  expect(counted(terminal)).toEqual({marked: 0, plain: 400})
})

it('no pager for what fits', async () => {
  const terminal = start('sandbox --help', {PAGER: marking}, 60)
  await terminal.exit
  expect(terminal.everything()).not.toMatch(/^>/m)
  const low = start('sandbox --help', {PAGER: marking}, 12)
  await low.exit
  expect(low.everything()).toMatch(/^> USAGE/m)
})

it('no pager for what came of a change: what failed and what to do next must not wait for it', async () => {
  const ids = sandbox.fleet.list().map(({id}) => id)
  const args = `metadata enable ${ids.slice(0, 15).join(' ')} --hop-limit 3 --yes`
  const terminal = start(args, {PAGER: marking}, 12)
  expect((await terminal.exit).exitCode).toBe(0)
  expect(terminal.everything()).toContain('15 changed')
  expect(terminal.everything()).not.toMatch(/^>/m)
  const dryRun = start(args.replace('--yes', '--dry-run').replace('limit 3', 'limit 4'), {PAGER: marking}, 12)
  expect((await dryRun.exit).exitCode).toBe(0)
  expect(dryRun.everything()).toMatch(/^> .* planned/m)
})

it.each(['nosuch-pager', 'false', 'nosuch-pager 2>/dev/null | cat; exit 3', '/nonexistent/less -R'])(
  'where the pager %s fails, all is printed all the same',
  async PAGER => {
    for (const args of [list, `${list} -o csv --sort none`]) {
      const terminal = start(args, {PAGER})
      expect((await terminal.exit).exitCode).toBe(0)
      expect(counted(terminal)).toEqual({marked: 0, plain: 400})
      expect(terminal.everything()).not.toMatch(/not found|Error/)
    }
  },
)

it('a pager that is left early ends the command quietly, with its own exit code', async () => {
  for (const [args, code] of [
    [`${list} -o csv --sort none`, 0],
    [list, 0],
    ['metadata audit', 5],
  ] as const) {
    const terminal = start(args, {PAGER: "sed -n '1p;2q'"})
    expect((await terminal.exit).exitCode).toBe(code)
    expect(terminal.everything()).not.toMatch(/Error|EPIPE/)
  }
})

it('rows that come one by one are paged, all of them', async () => {
  const terminal = start(`${list} -o csv --sort none`, {PAGER: marking})
  expect((await terminal.exit).exitCode).toBe(0)
  expect(counted(terminal)).toEqual({marked: 400, plain: 0})
})

it('Ctrl-C within less is for less, and q goes back to the shell with the cursor shown', async () => {
  const terminal = start(list, {PAGER: 'less'})
  await terminal.reply(screen => screen.split('\n').at(-1) === ':', keys.ctrlC)
  // A terminal throws away what was typed before less has heard of it.
  await new Promise(resolve => setTimeout(resolve, 500))
  terminal.write('G')
  await terminal.reply('END', 'q')
  expect((await terminal.exit).exitCode).toBe(0)
  expect(terminal.cursorVisible()).toBe(true)
})
