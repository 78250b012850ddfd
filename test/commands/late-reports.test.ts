import {expect, it, onTestFinished} from 'vitest'
import {startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startOddCloud} from '../support/odd-cloud.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It waits for the second look at a change, and runs several commands.')

it('a change that the API takes, and reports only later, is in doubt, and can be undone and finished', async () => {
  const sandbox = await startSandbox()
  onTestFinished(() => sandbox.close())
  let isLate = true
  const cloud = await startOddCloud(sandbox, {
    change: (_asked, body) => {
      if (isLate && body.metadata_service) {
        body.metadata_service = {enabled: false, protocol: 'http', response_hop_limit: 1}
      }
    },
  })
  const env = freshEnvironment(cloud.environment)
  const vpcmd = (words: string) => runInProcess(words.split(' '), {env})
  const {id} = (await sandbox.fleet.list()).find(({name}) => name === 'my-virtual-server-1') ?? {id: ''}
  const isOn = () => sandbox.fleet.get(id)?.metadata_service.enabled

  const first = await vpcmd(`metadata enable ${id} --protocol https`)
  expect(first.code).toBe(1)
  expect(first.stderr).toContain('1 of those not reported as changed may have changed anyway')
  isLate = false
  expect(isOn()).toBe(true)
  const undo = await vpcmd('metadata undo --yes')
  expect({code: undo.code, on: isOn()}).toEqual({code: 0, on: false})
  expect(undo.stderr).toContain('1 change to undo')

  isLate = true
  await vpcmd(`metadata enable ${id} --protocol https`)
  isLate = false
  expect((await vpcmd('metadata resume --yes')).stderr).toContain('now 1 changed; in all 1 changed')
  expect((await vpcmd('metadata undo --yes')).code).toBe(0)
  expect(isOn()).toBe(false)
})
