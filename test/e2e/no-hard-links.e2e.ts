import {execFileSync} from 'node:child_process'
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {afterAll, describe, expect, it} from 'vitest'
import {type LockProcess, lockProgram} from '../support/lock-processes.ts'
import {freshEnvironment, runFile, vpcmdPath} from '../support/run-vpcmd.ts'

// Linux refuses link(2) and linkat(2) to these processes, as it does on disks without hard links: by a filter of system
// calls (seccomp(2), BPF), which needs no such disk. Where that can't be, and must be, VPCMD_E2E=1 says so.
const folder = mkdtempSync(join(tmpdir(), 'vpcmd-links-'))
const filter = join(folder, 'without-links.py')
writeFileSync(
  filter,
  `import ctypes, os, platform, struct, sys
numbers = {'x86_64': (86, 265), 'aarch64': (37, 37)}[platform.machine()]
step = lambda code, yes, no, k: struct.pack('HBBI', code, yes, no, k)
refuse, allow = 0x00050000 | 1, 0x7FFF0000
code = b''.join([step(0x20, 0, 0, 0), step(0x15, 1, 0, numbers[0]), step(0x15, 0, 1, numbers[1]), step(6, 0, 0, refuse), step(6, 0, 0, allow)])
kept = ctypes.create_string_buffer(code)
class Program(ctypes.Structure): _fields_ = [('length', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
program = Program(5, ctypes.addressof(kept))
libc = ctypes.CDLL(None)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0): sys.exit('no filter')
os.execvp(sys.argv[1], sys.argv[1:])
`,
)
const withoutLinks = ['python3', filter]

const obstacle = findObstacle()
if (obstacle !== undefined) {
  if (process.env.VPCMD_E2E) throw new Error(`The test without hard links can't run: ${obstacle}.`)
  console.warn(`Skipped: the test without hard links, because ${obstacle}.`)
}

function findObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux'
  try {
    const link = `try { require('fs').linkSync('${filter}', '${filter}.2') } catch (e) { process.exit(e.code === 'EPERM' ? 0 : 1) }; process.exit(1)`
    execFileSync('python3', [filter, process.execPath, '-e', link], {stdio: 'ignore'})
    return undefined
  } catch {
    return 'there is no python3, or this machine filters no system calls'
  }
}

afterAll(() => rmSync(folder, {recursive: true, force: true}))

describe.skipIf(obstacle !== undefined)('on a disk without hard links', () => {
  it('runs are made, undone and in the history', async () => {
    const env = freshEnvironment()
    const vpcmd = (line: string) =>
      runFile('python3', [filter, process.execPath, vpcmdPath, ...line.split(' ')], env, '')
    expect(await vpcmd('metadata enable my-virtual-server-1 --yes --sandbox')).toMatchObject({code: 0})
    expect(await vpcmd('metadata undo --yes --sandbox')).toMatchObject({code: 0})
    expect(JSON.parse((await vpcmd('metadata history --json')).stdout)).toMatchObject([
      {command: 'undo', state: 'done'},
      {command: 'enable', state: 'done'},
    ])
  })

  it('a lock keeps others off, and that of a killed process goes to exactly one of many', async () => {
    const runs = join(folder, 'runs')
    mkdirSync(runs)
    const start = await lockProgram(folder, join(runs, 'a.lock'))
    const dead = await start(withoutLinks)
    expect(await dead.take()).toBe('taken')
    await dead.kill()
    const rivals = await Promise.all(Array.from({length: 4}, (): Promise<LockProcess> => start(withoutLinks)))
    const answers = await Promise.all(rivals.map(each => each.take()))
    const winner = rivals[answers.indexOf('taken')]
    expect([...answers].sort()).toEqual([...Array(3).fill(`It is held by process ${winner?.child.pid}.`), 'taken'])
    await winner?.release()
    expect(readdirSync(runs)).toEqual([])
    await Promise.all(rivals.map(each => each.kill()))
  })

  it('a private key is written, and replaces none', async () => {
    const entry = fileURLToPath(new URL('../../src/imds/key-file.ts', import.meta.url))
    const program = join(folder, 'key-file.mjs')
    await build({
      entryPoints: [entry],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
    })
    const keys = join(folder, 'keys')
    mkdirSync(keys)
    const write = (key: string) => {
      const line = `import(${JSON.stringify(program)}).then(({writeKey}) => writeKey(process, '${keys}/key', '${key}', false)).catch(e => { console.log(e.message); process.exit(2) })`
      return runFile('python3', [filter, process.execPath, '-e', line], freshEnvironment(), '')
    }
    expect(await write('first')).toMatchObject({code: 0})
    expect(await write('second')).toMatchObject({code: 2, stdout: expect.stringContaining('exists already')})
    expect(readFileSync(join(keys, 'key'), 'utf8')).toBe('first')
    expect(readdirSync(keys)).toEqual(['key'])
  })
})
