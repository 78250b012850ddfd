// Many accounts: 200 of 13 regions with 25 instances each. BENCH_RUNS sets how often each contender runs.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {
  base,
  limitTo,
  median,
  node,
  noLimit,
  ratioOf,
  report,
  roundsOr,
  runLines,
  startSandbox,
  vpcmd,
} from './measure.mjs'

const rounds = roundsOr(1)
const count = 200 * 13 * 25
const folder = mkdtempSync(join(tmpdir(), 'vpcmd-bench-accounts-'))
process.on('exit', () => rmSync(folder, {recursive: true, force: true}))

const latency = ['--latency', '100']
// Two of the sandbox's accounts refuse, as some always do.
const many = await startSandbox(['--accounts', '202', '--instances', '325', ...latency])
const one = await startSandbox(['--instances', String(count), '--vpcs', '200', ...latency])
try {
  const file = join(folder, 'accounts')
  const all = ['--assume', 'vpcmd-auditor', '--account']
  const env = {...base, ...many.environment}
  const whoami = spawnSync(process.execPath, [vpcmd, 'whoami', '--json', ...all, 'all'], {env, encoding: 'utf8'})
  const {accounts} = JSON.parse(whoami.stdout).assumes
  writeFileSync(file, accounts.flatMap(({id, allowed}) => (allowed ? `${id}\n` : [])).join(''))
  const list = (name, more, sandbox) =>
    node(name, [vpcmd, 'instances', 'list', '--sort', 'none', ...more], {...base, ...sandbox.environment})
  const contenders = [
    list('200 accounts, IDs', ['-q', ...all, `@${file}`], many),
    list('one account, IDs', ['-q'], one),
    list('200 accounts, JSON lines', ['-o', 'jsonl', ...all, `@${file}`], many),
    list('one account, JSON lines', ['-o', 'jsonl'], one),
  ]
  const taken = contenders.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, each] of contenders.entries()) {
      const {ids, ...run} = await runLines(each)
      if (new Set(ids).size !== count) throw new Error(`${each.name} gave ${new Set(ids).size} of ${count} IDs`)
      taken[index].push(run)
    }
  }
  const rows = contenders.map(({name}, index) => {
    const runs = taken[index]
    const mine = runs.map(({ms}) => ms)
    const ratio =
      index % 2 === 0
        ? ratioOf(
            mine,
            taken[index + 1].map(({ms}) => ms),
          )
        : undefined
    const megabytes = Math.max(...runs.map(({kilobytes}) => kilobytes)) / 1024
    return {
      what: `${count} instances of ${name}`,
      ms: median(mine).toFixed(0),
      'peak MB': megabytes.toFixed(0),
      times: ratio?.toFixed(2) ?? '-',
      ...(index % 2 === 0 ? limitTo(megabytes, 400, `peak ${megabytes.toFixed(0)} MB`) : noLimit('-')),
    }
  })
  report(`Many accounts, 100 ms latency, medians of ${rounds} runs, in turn; times: against one account.`, rows)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  await Promise.all([many.stop(), one.stop()])
}
