// How fast 1,000 changes go, without a limit in the way and under one.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {atLeast, here, limitTo, median, noLimit, report, roundsOr, startSandbox, vpcmd} from './measure.mjs'

const size = 1000
const curlChanges = 100
const change = 'metadata enable --all --protocol https --hop-limit 9 --yes --json --debug'.split(' ')

/** Works on a new sandbox in a new home, which are gone afterwards. */
async function within(args, work) {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-bench-'))
  const sandbox = await startSandbox(['--instances', String(size), '--regions', 'us-south', ...args])
  try {
    const home = {HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), XDG_STATE_HOME: join(folder, 'state')}
    return await work({PATH: process.env.PATH, BENCH_FOLDER: folder, ...home, ...sandbox.environment})
  } finally {
    sandbox.stop()
    rmSync(folder, {recursive: true, force: true})
  }
}

/** Changes all 1,000: how long it took (ms), how many requests it made, and how many of these were answered 429. */
function changeAll(env) {
  const startedAt = performance.now()
  const {status, stdout, stderr} = spawnSync(process.execPath, [vpcmd, ...change], {
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  const ms = performance.now() - startedAt
  const {changed, failed} = JSON.parse(stdout)
  // A fast wrong answer is worth nothing.
  if (status !== 0 || changed.length !== size || failed.length > 0) {
    throw new Error(`changed ${changed.length}, failed ${failed.length}, ended with ${status}: ${stderr.slice(-2000)}`)
  }
  const answers = [...stderr.matchAll(/^debug: (?:GET|PATCH) \S+ -> (\d+)/gm)].map(([, code]) => code)
  return {ms, requests: answers.length, throttled: answers.filter(code => code === '429').length}
}

/** The same with curl, on so many as can be waited for: what the list took and what one change took, in milliseconds. */
function changeWithCurl(env) {
  const {status, stdout, stderr} = spawnSync('sh', [here('change-with-curl.sh')], {
    env: {...env, BENCH_CHANGES: String(curlChanges)},
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the curl loop ended with ${status}: ${stderr}`)
  const [list, changes] = stdout.trim().split(' ').map(Number)
  return list + (changes / curlChanges) * size
}

/** Measures (c) and (d) of the rollout so many times, and gives a row for each. */
async function benchRollout(rounds) {
  const rows = []
  const hasTools = ['curl', 'jq'].every(tool => spawnSync(tool, ['--version']).status === 0)
  const quick = []
  const loops = []
  for (let round = 0; round < rounds; round++) {
    quick.push(await within(['--latency', '100'], changeAll))
    if (hasTools) loops.push(await within(['--latency', '100'], changeWithCurl))
  }
  const mine = median(quick.map(({ms}) => ms))
  const theirs = hasTools ? median(loops) : Number.NaN
  rows.push({
    what: `${size} changes, 100 ms latency`,
    ms: mine.toFixed(0),
    against: hasTools ? `curl loop, ${curlChanges} changes scaled to ${size}` : 'no curl or no jq here',
    'its ms': theirs.toFixed(0),
    ...(hasTools ? atLeast(theirs / mine, 20, `${(theirs / mine).toFixed(1)} times faster`) : noLimit('-')),
  })
  const limited = []
  for (let round = 0; round < rounds; round++) limited.push(await within(['--rate-limit', '50'], changeAll))
  const ms = median(limited.map(each => each.ms))
  const share = median(limited.map(({throttled, requests}) => throttled / requests))
  rows.push(
    {
      what: `${size} changes, limit 50 a second`,
      ms: ms.toFixed(0),
      against: 'the limit itself',
      'its ms': '20000',
      ...limitTo(ms / 20_000, 1.15),
    },
    {
      what: 'requests throttled of it',
      ms: '-',
      against: 'all requests',
      'its ms': '-',
      ...limitTo(share * 100, 10, `${(share * 100).toFixed(1)} %`),
    },
  )
  return rows
}

const rounds = roundsOr(3)
report(`Medians of ${rounds} runs, in turn.`, await benchRollout(rounds))
