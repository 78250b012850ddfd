import {createServer} from 'node:net'
import {expect, it} from 'vitest'
import {checkBindable} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {runVpcmd} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

it.each(['127.0.0.1', '127.45.6.7', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '169.254.169.254'])(
  'a metadata service may be bound to %s, which this machine alone reaches',
  host => {
    expect(() => checkBindable(host)).not.toThrow()
  },
)

it.each([
  '0.0.0.0',
  '10.1.2.3',
  '128.0.0.1',
  '169.254.169.253',
  '192.168.0.1',
  '[::]',
  '[fe80::1]',
  '[::ffff:10.1.2.3]',
  'example.com',
  'localhost',
])('sandbox start binds no metadata service to %s, where others could ask it for tokens', async host => {
  // Were anything bound first, this port would be told to be in use.
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => taken.once('listening', resolve))
  const address = taken.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const binding = `my-virtual-server-2=${host}:0`
  const {code, stdout, stderr} = await runVpcmd(['sandbox', 'start', '--port', String(port), '--metadata', binding])
  taken.close()
  expect({code, stdout}).toEqual({code: 2, stdout: ''})
  expect(stderr).toContain("can't be bound to")
  expect(stderr).toContain('127.0.0.0/8')
  expect(stderr).not.toContain('in use')
})
