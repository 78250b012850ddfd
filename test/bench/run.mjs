// One table of ratios: every contender runs in turn, several times, so that a noisy machine is noisy for all alike.
import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const rounds = Number(process.env.BENCH_RUNS ?? 7)
const here = name => fileURLToPath(new URL(name, import.meta.url))
const vpcmd = here('../../dist/main.js')
const folder = mkdtempSync(join(tmpdir(), 'vpcmd-bench-'))
const memoryFile = join(folder, 'memory')

/** Runs a command to its end: how long it took (ms), its peak memory (kB, Node only) and what it printed. */
function run(file, args, env) {
  const isNode = file === process.execPath
  const preload = isNode ? ['--require', here('report-memory.cjs')] : []
  const startedAt = performance.now()
  const {status, stdout, stderr} = spawnSync(file, [...(args[0] === '-e' ? [] : preload), ...args], {
    env: {...env, BENCH_FOLDER: folder, BENCH_MEMORY_FILE: memoryFile},
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  const ms = performance.now() - startedAt
  if (status !== 0) throw new Error(`${[file, ...args].join(' ')} ended with ${status}: ${stderr}`)
  const kilobytes =
    isNode && args[0] !== '-e' ? Number(readFileSync(memoryFile, 'utf8').trim().split('\n').at(-1)) : undefined
  return {ms, kilobytes, stdout}
}

const median = values => [...values].sort((a, b) => a - b)[values.length >> 1]

/** Measures contenders in turn; gives the medians by name. */
function measure(contenders) {
  const taken = contenders.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, {file, args, env}] of contenders.entries()) taken[index].push(run(file, args, env))
  }
  return Object.fromEntries(
    contenders.map(({name}, index) => {
      const kilobytes = median(taken[index].map(each => each.kilobytes ?? Number.NaN))
      return [name, {ms: median(taken[index].map(({ms}) => ms)), megabytes: kilobytes / 1024}]
    }),
  )
}

async function startSandbox(args) {
  const server = spawn(process.execPath, [vpcmd, 'sandbox', 'start', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of server.stdout) {
    text += chunk
    if (text.trimEnd().endsWith('}')) break
  }
  return {environment: JSON.parse(text).environment, stop: () => server.kill('SIGTERM')}
}

const base = {
  PATH: process.env.PATH,
  HOME: folder,
  XDG_CACHE_HOME: join(folder, 'cache'),
  XDG_STATE_HOME: join(folder, 'state'),
}
const node = (name, args, env = base) => ({name, file: process.execPath, args, env})
const rows = []
const row = (what, against, medians, aim) => {
  const [mine, theirs] = [medians[what], medians[against]]
  const ratio = mine.ms / theirs.ms
  rows.push({
    what,
    'ms (median)': mine.ms.toFixed(0),
    'peak MB': Number.isNaN(mine.megabytes) ? '-' : mine.megabytes.toFixed(0),
    against,
    'its ms': theirs.ms.toFixed(0),
    'its MB': Number.isNaN(theirs.megabytes) ? '-' : theirs.megabytes.toFixed(0),
    ratio: ratio.toFixed(2),
    aim: aim ? `<= ${aim}` : '-',
    met: aim ? (ratio <= aim ? 'yes' : 'no') : '-',
  })
}

let sandbox
try {
  const starts = measure([
    node('node -e 0', ['-e', '0']),
    node('vpcmd --version', [vpcmd, '--version']),
    node('vpcmd --help', [vpcmd, '--help']),
  ])
  row('vpcmd --version', 'node -e 0', starts, 2)
  row('vpcmd --help', 'node -e 0', starts, 2.5)

  sandbox = await startSandbox(['--instances', '250', '--vpcs', '1', '--regions', 'us-south', '--latency', '100'])
  const env = {...base, ...sandbox.environment}
  const list = [vpcmd, 'instances', 'list', '--json']
  const contenders = [
    node('list, cached token', list, env),
    node('list, no cache', list, {...env, VPCMD_NO_TOKEN_CACHE: '1'}),
    node('script on sdk-core', [here('list-with-sdk-core.mjs')], env),
  ]
  const hasTools = ['curl', 'jq'].every(tool => spawnSync(tool, ['--version']).status === 0)
  if (hasTools) contenders.push({name: 'curl and jq loop', file: 'sh', args: [here('list-with-curl.sh')], env})
  else console.error('No curl or no jq on this machine: their row is left out.')

  // A fast wrong answer is worth nothing. This also fills the cache.
  const answers = contenders.map(({file, args, env: its}) =>
    JSON.parse(run(file, args, its).stdout)
      .map(({id, floating_ips: addresses}) => `${id} ${addresses}`)
      .sort(),
  )
  for (const [index, answer] of answers.entries()) {
    if (answer.length !== 250 || answer.join() !== answers[0].join())
      throw new Error(`${contenders[index].name} gave another answer`)
  }
  const lists = measure(contenders)
  row('list, cached token', 'script on sdk-core', lists, 0.8)
  row('list, no cache', 'script on sdk-core', lists)
  if (hasTools) row('list, cached token', 'curl and jq loop', lists)

  console.log(`Medians of ${rounds} runs, in turn, on Node ${process.version}. Lists: 250 instances, 100 ms latency.`)
  console.table(rows)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  sandbox?.stop()
  rmSync(folder, {recursive: true, force: true})
}
