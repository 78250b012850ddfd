import {readFileSync} from 'node:fs'
import {expect, it} from 'vitest'
import {runVpcmd} from './support/run-vpcmd.ts'

it('a stack that --debug prints names the line of the source', async () => {
  const args = ['metadata', 'show', 'nosuch', '--sandbox']
  const {stderr} = await runVpcmd([...args, '--debug'])
  const [, file = '', line = ''] = /^ {4}at .*\((\/.*\/src\/.*\.ts):(\d+):\d+\)$/m.exec(stderr) ?? []
  expect(readFileSync(file, 'utf8').split('\n')[Number(line) - 1]).toContain('new VpcmdError')
  expect((await runVpcmd(args)).stderr).not.toContain('    at ')
})
