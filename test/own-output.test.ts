import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs'
import {Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, it} from 'vitest'
import {allowSeconds} from './support/allow-seconds.ts'
import {freshEnvironment, vpcmdPath} from './support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-output-'))
afterAll(() => rmSync(folder, {recursive: true}))

it.runIf(process.platform === 'linux')(
  'a pipe that is full and does not wait gets the whole of a quick answer',
  async () => {
    const fifo = join(folder, 'full')
    execFileSync('mkfifo', [fifo])
    const fd = openSync(fifo, 'r+')
    const child = spawn(process.execPath, [vpcmdPath, '--version'], {
      stdio: ['ignore', fd, 'inherit'],
      env: freshEnvironment(),
    })
    // As a parent does that writes to the pipe itself: from then on none who has it waits.
    const parent = new Socket({fd, readable: false})
    const filled = fill(fd)
    const ended = once(child, 'exit')
    const isEnded = await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 1500, false))])
    expect(isEnded).toBe(false)
    const buffer = Buffer.alloc(filled + 1000)
    readSync(fd, buffer, 0, filled, null)
    expect(await ended).toEqual([0, null])
    const length = readSync(fd, buffer)
    expect(buffer.toString('utf8', 0, length)).toMatch(/^vpcmd\/\S+ \S+ node-v\S+\n$/)
    parent.destroy()
  },
)

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
