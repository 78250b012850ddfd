// How time and memory of an audit grow with the fleet: 1,000, 10,000 and 100,000 servers, all reports at once.
import {spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {here, median, roundsOr, startSandbox, vpcmd} from './measure.mjs'

const ways = [
  {what: 'audit -o csv', args: ['-o', 'csv']},
  {what: 'audit, HTML, SARIF and JUnit', args: ['-q'], reports: ['html', 'sarif', 'junit']},
]

/**
 * Audits generated fleets of growing size, each way in turn and `rounds` times, and gives a row for each: the medians of
 * time and peak memory, and how often more that is than for the fleet before.
 */
export async function benchAudit({rounds = 3, sizes = [1_000, 10_000, 100_000]} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-bench-audit-'))
  const rows = []
  const before = new Map()
  try {
    for (const size of sizes) {
      const sandbox = await startSandbox(['--instances', String(size), '--vpcs', '40'])
      try {
        const taken = new Map(ways.map(({what}) => [what, []]))
        for (let round = 0; round < rounds; round++) {
          for (const way of ways) taken.get(way.what).push(runAudit(way, size, folder, sandbox.environment))
        }
        for (const [what, runs] of taken) {
          const medians = {ms: median(runs.map(({ms}) => ms)), megabytes: median(runs.map(each => each.megabytes))}
          const last = before.get(what)
          rows.push({
            what,
            servers: size,
            'ms (median)': medians.ms.toFixed(0),
            'peak MB': medians.megabytes.toFixed(0),
            'times the ms': last ? (medians.ms / last.ms).toFixed(1) : '-',
            'times the MB': last ? (medians.megabytes / last.megabytes).toFixed(1) : '-',
          })
          before.set(what, medians)
        }
      } finally {
        await sandbox.stop()
      }
    }
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
  return rows
}

function runAudit({args, reports = []}, size, folder, environment) {
  const memoryFile = join(folder, 'memory')
  const files = reports.map(format => [format, join(folder, `audit.${format}`)])
  const asked = [
    'metadata',
    'audit',
    '--kind',
    'instance',
    ...args,
    ...files.flatMap(each => ['--report', each.join('=')]),
  ]
  const startedAt = performance.now()
  const {status, stdout, stderr} = spawnSync(
    process.execPath,
    ['--require', here('report-memory.cjs'), vpcmd, ...asked],
    {
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        XDG_CACHE_HOME: join(folder, 'cache'),
        XDG_STATE_HOME: join(folder, 'state'),
        BENCH_MEMORY_FILE: memoryFile,
        ...environment,
      },
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    },
  )
  const ms = performance.now() - startedAt
  // A generated fleet does not comply, and a fast wrong answer is worth nothing.
  const total = new RegExp(` of ${size.toLocaleString('en')} violate the policy`)
  if (status !== 5 || !total.test(stderr) || stdout === '' || !files.every(([, file]) => existsSync(file))) {
    throw new Error(`vpcmd ${asked.join(' ')} ended with ${status}: ${stderr}`)
  }
  return {ms, megabytes: Number(readFileSync(memoryFile, 'utf8').trim().split('\n').at(-1)) / 1024}
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.table(await benchAudit({rounds: roundsOr(3)}))
}
