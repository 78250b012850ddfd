import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterEach, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {freshEnvironment, runShell, runVpcmd} from '../support/run-vpcmd.ts'

let sandbox: Sandbox
afterEach(() => sandbox.close())

it('a SARIF log of more results than GitHub takes is written with a warning', async () => {
  sandbox = await startSandbox({instances: 25_002, regions: ['us-south']})
  const env = freshEnvironment(sandbox.environment)
  const file = (name: string) => join(env.HOME ?? '', name)
  writeFileSync(file('policy'), 'version: 1\nrules:\n  - {name: a, match: {name: none}, require: {enabled: true}}\n')
  const audit = (...args: string[]) => runVpcmd(['metadata', 'audit', '--kind', 'instance', ...args], {env})
  const report = ['--policy', file('policy'), '--report', `sarif=${file('a.sarif')}`]
  const {stderr} = await audit(...report, '-q')
  const {length} = JSON.parse(readFileSync(file('a.sarif'), 'utf8')).runs[0].results
  expect(length).toBeGreaterThan(25_000)
  expect(stderr).toContain(`The SARIF log has ${length} results, and GitHub accepts at most 25000`)
  expect((await audit(...report, '--name', 'web-0000*')).stderr).not.toContain('GitHub')
})

it('instances list --sort none waits for a reader that takes its time', async () => {
  let requests = 0
  sandbox = await startSandbox({
    instances: 20_000,
    vpcs: 40,
    regions: ['us-south'],
    onRequest: () => {
      requests++
    },
  })
  const line = 'vpcmd instances list -o jsonl --sort none | { sleep 3; echo read >&2; cat; } | wc -l'
  let whileWaiting: number | undefined
  const counted = setTimeout(() => {
    whileWaiting = requests
  }, 2500)
  const {stdout} = await runShell(line, freshEnvironment(sandbox.environment))
  clearTimeout(counted)
  expect(stdout.trim()).toBe('20000')
  expect(whileWaiting).toBeGreaterThan(0)
  expect(whileWaiting).toBeLessThan(100)
})
