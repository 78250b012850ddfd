// All benchmarks, or those that are named: npm run bench -- lists rollout. `--node PATH` runs them on another Node, and
// BENCH_RUNS sets how often each contender runs. Ends with 1 where a limit does not hold.
import {spawnSync} from 'node:child_process'
import {parseArgs} from 'node:util'
import {here} from './measure.mjs'

const all = ['start', 'spinner', 'imds', 'lists', 'accounts', 'rollout', 'audit']
const {values, positionals: asked} = parseArgs({
  options: {node: {type: 'string', default: process.execPath}},
  allowPositionals: true,
})
const unknown = asked.filter(name => !all.includes(name))
if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(', ')}. There are: ${all.join(', ')}.`)
const failed = []
for (const name of asked.length > 0 ? asked : all) {
  console.log(`\n== ${name}`)
  const {status, error} = spawnSync(values.node, [here(`${name}.mjs`)], {stdio: 'inherit'})
  if (error) throw error
  if (status !== 0) failed.push(name)
}
if (failed.length > 0) {
  console.error(`Not every limit holds: ${failed.join(', ')}.`)
  process.exitCode = 1
}
