import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(20, 'A test runs several commands.')

let sandbox: Sandbox
let env: Record<string, string>
beforeAll(async () => {
  sandbox = await startSandbox()
  env = freshEnvironment(sandbox.environment)
})
afterAll(() => sandbox.close())

describe('a filter by what does not exist', () => {
  it.each([
    ['--status', 'runing', 'There is no status runing.\nDid you mean running?'],
    ['--zone', 'us-south-9', 'There is no zone us-south-9.\nDid you mean us-south-1?'],
    ['--vpc', 'my-test-vcp', 'There is no VPC my-test-vcp.\nDid you mean my-test-vpc?'],
    ['--architecture', 'x86', 'There is no architecture x86.\nThere are: amd64, s390x.'],
    ['--availability-class', 'spt', 'There is no availability class spt.\nDid you mean spot?'],
    ['--placement-group', 'nope', 'There is no placement group nope with instances in it.'],
    ['--reservation', 'nope', 'There is no reservation nope with instances in it.'],
    ['--instance-group', 'r006-nope', 'There is no instance group r006-nope with instances in it.'],
    ['--dedicated-host', 'nope', 'There is no dedicated host nope with instances in it.'],
    ['--resource-group', 'defalts', 'There is no resource group defalts with instances in it.\nDid you mean defaults?'],
  ])('%s %s is told, with what may be meant, and exits 4', async (flag, value, says) => {
    for (const command of [
      ['instances', 'list'],
      ['instances', 'list', '--sort', 'none', '-q'],
      ['metadata', 'enable', '--all', '--yes'],
    ]) {
      const {code, stdout, stderr} = await runInProcess([...command, flag, value], {env})
      expect({code, stdout}).toEqual({code: 4, stdout: ''})
      expect(stderr).toContain(`Error: ${says}`)
    }
    const {code, stdout} = await runInProcess(['instances', 'list', '--json', flag, value], {env})
    expect({code, error: JSON.parse(stdout).error.code}).toEqual({code: 4, error: 'no_such_filter'})
  })

  it.each([
    ['--status', 'deleting'],
    ['--zone', 'us-east-1'],
    ['--architecture', 's390x'],
  ])('%s %s exists, and an empty list is no failure', async (flag, value) => {
    const {code, stderr} = await runInProcess(['instances', 'list', flag, value], {env})
    expect({code, stderr}).toEqual({code: 0, stderr: 'No instances found.\n'})
  })

  it('exists elsewhere than in the regions that were asked for', async () => {
    const {code, stderr} = await runInProcess(['instances', 'list', '-r', 'us-south', '--zone', 'eu-de-1'], {env})
    expect({code, stderr}).toEqual({
      code: 4,
      stderr: expect.stringContaining('There is no zone eu-de-1 in us-south.'),
    })
  })
})

describe('filters under --all that match nothing', () => {
  const commands = [
    'metadata enable --yes',
    'metadata disable --yes',
    'metadata plan --enable',
    'metadata collect',
    'instances start --yes',
    'instances stop --yes',
    'instances restart --yes',
  ]

  it.each(commands)('%s: told, with the nearest name, and exits 4', async command => {
    const run = (...filter: string[]) => runInProcess([...command.split(' '), '--all', ...filter], {env})
    expect(await run('--name', 'my-virtual-sever-2')).toEqual({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining(
        'Error: No instance is called my-virtual-sever-2.\nDid you mean my-virtual-server-2?',
      ),
    })
    expect((await run('--name', 'nope-*')).code).toBe(4)
    expect((await run('--vpc', 'my-test-vcp')).stderr).toContain('Did you mean my-test-vpc?')
  })

  it.each(commands)(
    '%s: nothing to do where only its state leaves out what is named, as on a second run',
    async command => {
      const line = [...command.split(' '), '--all', '--name', 'my-virtual-server-2', '--status', 'deleting']
      const {code, stderr} = await runInProcess(line, {env})
      expect({code, stderr}).toEqual({code: 0, stderr: expect.stringContaining('No instances found: nothing to do.')})
    },
  )

  it('are no failure where they are only listed', async () => {
    for (const line of ['metadata show --all --name nope', 'instances list --name nope']) {
      const {code, stderr} = await runInProcess(line.split(' '), {env})
      expect({code, stderr}).toEqual({code: 0, stderr: expect.stringContaining('No instances found')})
      // Who types a part of a name learns how to.
      expect(stderr).toContain("for part of one: --name '*nope*'")
    }
    expect((await runInProcess(['instances', 'list', '--name', 'nope*'], {env})).stderr).not.toContain('part of one')
  })

  it.each([
    ['my-virtual', "'my-virtual*'"],
    ['server-2', "'*server-2*'"],
  ])('by %s, a part of names: told with the pattern that finds them', async (part, pattern) => {
    const {code, stderr} = await runInProcess(['metadata', 'enable', '--all', '--name', part], {env})
    expect({code, stderr}).toEqual({code: 4, stderr: expect.stringContaining(`Some match: --name ${pattern}\n`)})
  })

  it('says nothing of what may be meant where not all could be read', async () => {
    sandbox.faults.push({kind: '403', path: /\/eu-de\/v1\/instances/})
    const {code, stderr} = await runInProcess(['metadata', 'enable', '--all', '--name', 'nope', '--yes'], {env})
    expect(code).not.toBe(0)
    expect(stderr).toContain('eu-de')
    expect(stderr).not.toContain('is called')
    sandbox.faults.splice(0)
  })
})
