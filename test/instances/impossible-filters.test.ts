import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

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
