// Long lists: 10,000 instances of one region, 13 regions of 1,000, 20,000 and 100,000. BENCH_RUNS sets how often each runs.
import {
  atLeast,
  base,
  here,
  limitTo,
  median,
  node,
  ratioOf,
  report,
  roundsOr,
  runLines,
  startSandbox,
  vpcmd,
} from './measure.mjs'

const rounds = roundsOr(5)
const latency = ['--latency', '100']
const list = (name, env, more = []) =>
  node(name, [vpcmd, 'instances', 'list', '-o', 'jsonl', '--sort', 'none', ...more], {...base, ...env})
const ids = (name, env, more = []) =>
  node(name, [vpcmd, 'instances', 'list', '-q', '--sort', 'none', ...more], {...base, ...env})
// Those that the sandbox serves unless told otherwise.
const regions = 'us-south us-east br-sao ca-tor ca-mon eu-gb eu-de eu-es jp-tok jp-osa au-syd in-che in-mum'.split(' ')
const rows = []

/** Runs contenders in turn on one sandbox, each once before for its caches and its answer; `check` gets the IDs by name. */
async function contest(sandboxArgs, contendersFor, check, times = rounds) {
  const sandbox = await startSandbox(sandboxArgs)
  try {
    const contenders = contendersFor(sandbox.environment)
    const answers = {}
    for (const each of contenders) answers[each.name] = (await runLines(each)).ids
    check(answers)
    const taken = contenders.map(() => [])
    for (let round = 0; round < times; round++) {
      for (const [index, each] of contenders.entries()) {
        const {ids, ...run} = await runLines(each)
        if (ids.join() !== answers[each.name].join()) throw new Error(`${each.name} gave two answers`)
        taken[index].push(run)
      }
    }
    return contenders.map(({name}, index) => ({
      name,
      all: taken[index].map(({ms}) => ms),
      ms: median(taken[index].map(({ms}) => ms)),
      firstMs: median(taken[index].map(({firstMs}) => firstMs)),
      megabytes: Math.max(...taken[index].map(({kilobytes}) => kilobytes)) / 1024,
    }))
  } finally {
    await sandbox.stop()
  }
}

function expectAll(ids, count, what) {
  if (ids.length !== count || new Set(ids).size !== count) throw new Error(`${what} gave ${ids.length} of ${count} IDs`)
}

const add = ({ms, firstMs, megabytes}, what, against, limit) =>
  rows.push({
    what,
    ms: ms.toFixed(0),
    'first row ms': firstMs.toFixed(0),
    'peak MB': megabytes.toFixed(0),
    against,
    ...limit,
  })

try {
  const [asIds, plainIds, asLines, plainLines] = await contest(
    ['--instances', '10000', '--vpcs', '40', '--regions', 'us-south', ...latency],
    env => {
      const plain = [here('page-with-sdk-core.mjs')]
      return [
        ids('IDs', env),
        node('plain paging, IDs', [...plain, '--ids'], {...base, ...env}),
        list('JSON lines', env),
        node('plain paging, JSON lines', plain, {...base, ...env}),
      ]
    },
    answers => {
      const [first, ...others] = Object.values(answers)
      expectAll(first, 10_000, 'the list')
      if (others.some(each => each.join() !== first.join())) throw new Error('the answers differ')
    },
  )
  for (const [fast, plain] of [
    [asIds, plainIds],
    [asLines, plainLines],
  ]) {
    const faster = ratioOf(plain.all, fast.all)
    add(
      fast,
      `10,000 instances in 40 VPCs, ${fast.name}`,
      `plain paging: ${plain.ms.toFixed(0)} ms`,
      atLeast(faster, 8, `${faster.toFixed(1)} times faster`),
    )
  }

  const [all, ...single] = await contest(
    ['--instances', '13000', ...latency],
    env => [ids('all', env), ...regions.map(name => ids(name, env, ['-r', name]))],
    answers => {
      expectAll(answers.all, 13_000, 'all regions')
      for (const name of regions) expectAll(answers[name], 1000, name)
      const sum = regions.flatMap(name => answers[name]).sort()
      if (sum.join() !== answers.all.join()) throw new Error('the regions do not add up')
    },
  )
  const slowest = single.reduce((a, b) => (a.ms > b.ms ? a : b))
  const ratio = ratioOf(all.all, slowest.all)
  const alone = `slowest alone, ${slowest.name}: ${slowest.ms.toFixed(0)} ms`
  const figure = `${ratio.toFixed(2)} times as long`
  add(all, '13 regions of 1,000, one VPC each, IDs', alone, limitTo(ratio, 1.2, figure))

  const listOf = async (count, vpcs) => {
    const [listed] = await contest(
      ['--instances', String(count), '--vpcs', String(vpcs), '--regions', 'us-south', ...latency],
      env => [list('list', env)],
      answers => expectAll(answers.list, count, 'the list'),
      roundsOr(1),
    )
    return listed
  }
  const memory = ({megabytes}, most) => limitTo(megabytes, most, `peak ${megabytes.toFixed(0)} MB`)
  const middling = await listOf(20_000, 40)
  add(middling, '20,000 instances, JSON lines', '-', memory(middling, 180))
  const large = await listOf(100_000, 100)
  add(
    large,
    '100,000 instances, JSON lines',
    '-',
    limitTo(large.firstMs, 1500, `first row ${large.firstMs.toFixed(0)} ms`),
  )
  add(large, '100,000 instances, JSON lines', '-', memory(large, 180))

  report(`Long lists, 100 ms latency, medians of ${rounds} runs (20,000 and 100,000: ${roundsOr(1)}), in turn.`, rows)
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
