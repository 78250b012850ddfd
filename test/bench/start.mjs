// How soon vpcmd is there, and short lists: every contender runs in turn, so that a noisy machine is noisy for all alike.
import {spawnSync} from 'node:child_process'
import {
  base,
  here,
  limitTo,
  measure,
  node,
  noLimit,
  ratioOf,
  report,
  roundsOr,
  run,
  startSandbox,
  vpcmd,
} from './measure.mjs'

const rounds = roundsOr(7)
const rows = []
const row = (what, against, medians, most) => {
  const [mine, theirs] = [medians[what], medians[against]]
  const ratio = ratioOf(mine.all, theirs.all)
  rows.push({
    what,
    'ms (median)': mine.ms.toFixed(0),
    'peak MB': Number.isNaN(mine.megabytes) ? '-' : mine.megabytes.toFixed(0),
    against,
    'its ms': theirs.ms.toFixed(0),
    'its MB': Number.isNaN(theirs.megabytes) ? '-' : theirs.megabytes.toFixed(0),
    ...(most ? limitTo(ratio, most) : noLimit(ratio.toFixed(2))),
  })
}

let sandbox
try {
  const starts = measure(
    [
      node('node -e 0', ['-e', '0']),
      node('vpcmd --version', [vpcmd, '--version']),
      node('vpcmd --help', [vpcmd, '--help']),
    ],
    rounds,
  )
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
  const lists = measure(contenders, rounds)
  row('list, cached token', 'script on sdk-core', lists, 0.7)
  row('list, no cache', 'script on sdk-core', lists)
  if (hasTools) row('list, cached token', 'curl and jq loop', lists)

  report(`Medians of ${rounds} runs, in turn. Lists: 250 instances, 100 ms latency.`, rows)
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  await sandbox?.stop()
}
