import {type ChildProcess, execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs'
import {Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it, vi} from 'vitest'
import {allowSeconds} from './support/allow-seconds.ts'
import {serve} from './support/metadata-server.ts'
import {freshEnvironment, vpcmdPath} from './support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-output-'))
afterAll(() => rmSync(folder, {recursive: true}))

/** Starts vpcmd with a pipe as its output that is full: `rest` gives what comes after what filled it. */
function startBeforeFullPipe(args: string[]): {
  child: ChildProcess
  fd: number
  rest(): Promise<string>
  close(): void
} {
  const fifo = join(mkdtempSync(join(folder, 'pipe-')), 'full')
  execFileSync('mkfifo', [fifo])
  const fd = openSync(fifo, 'r+')
  // Until the next process has it, none who has it waits.
  const socket = new Socket({fd, readable: false})
  const filled = fill(fd)
  const child = spawn(process.execPath, [vpcmdPath, ...args], {
    stdio: ['ignore', fd, 'inherit'],
    env: freshEnvironment(),
  })
  const rest = async () => {
    readSync(fd, Buffer.alloc(filled))
    const buffer = Buffer.alloc(1000)
    return vi.waitUntil(() => {
      try {
        return buffer.toString('utf8', 0, readSync(fd, buffer))
      } catch (error) {
        // Nothing yet.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        return undefined
      }
    })
  }
  return {child, fd, rest, close: () => void socket.destroy()}
}

describe.runIf(process.platform === 'linux')('a quick answer before a pipe that is full', () => {
  it('is whole once somebody reads, where the pipe does not wait', async () => {
    const {child, fd, rest, close} = startBeforeFullPipe(['--version'])
    // As a parent does that writes to the pipe itself.
    const parent = new Socket({fd, readable: false})
    const ended = once(child, 'exit')
    expect(await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 1500, 'late'))])).toBe('late')
    const text = await rest()
    expect(await ended).toEqual([0, null])
    expect(text).toMatch(/^vpcmd\/\S+ \S+ node-v\S+\n$/)
    parent.destroy()
    close()
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves on %s', async signal => {
    const server = await serve(() => false)
    for (const args of [['--version'], ['imds', 'token', '--endpoint', server.url, '--timeout', '60']]) {
      const {child, close} = startBeforeFullPipe(args)
      const ended = once(child, 'exit')
      await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 1000))])
      child.kill(signal)
      expect(await ended).toEqual([null, signal])
      close()
    }
  })
})

it.each([
  ['--help', 1],
  ['instances list --sandbox -o yaml', 20],
  ['instances list --sandbox', 1],
])('%s says so where the disk takes a part of it', async (args, blocks) => {
  // So many blocks of 512 bytes are what a file may have, as where a disk is nearly full.
  const line = `ulimit -f ${blocks}; exec "$0" "$1" ${args} > "$2"`
  const child = spawn('sh', ['-c', line, process.execPath, vpcmdPath, join(folder, 'part')], {env: freshEnvironment()})
  let stderr = ''
  child.stderr.on('data', text => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  expect({code, stderr}).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^(Using .*\n)?Error: Can't write the output \(EFBIG\)\.\n$/),
  })
})

/** Writes to a pipe until it takes no more; gives the number of bytes. */
function fill(fd: number): number {
  let length = 0
  for (const size of [4096, 1]) {
    try {
      for (;;) length += writeSync(fd, '.'.repeat(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
  return length
}
