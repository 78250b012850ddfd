// All benchmarks, or those that are named: npm run bench -- lists rollout. BENCH_RUNS sets how often each contender runs.
import {spawnSync} from 'node:child_process'
import {here} from './measure.mjs'

const all = ['start', 'lists', 'rollout', 'audit', 'inside']
const asked = process.argv.slice(2)
const unknown = asked.filter(name => !all.includes(name))
if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(', ')}. There are: ${all.join(', ')}.`)
for (const name of asked.length > 0 ? asked : all) {
  console.log(`\n== ${name}`)
  const {status} = spawnSync(process.execPath, [here(`${name}.mjs`)], {stdio: 'inherit'})
  if (status !== 0) process.exitCode = 1
}
