import {spawn} from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {afterAll, beforeAll, beforeEach, expect, it} from 'vitest'
import {writePrivate} from '../../src/files/private-file.ts'
import {writeOutput, writeThrough} from '../../src/files/write-output.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type RunResult, runFile} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const root = mkdtempSync(join(tmpdir(), 'vpcmd-write-'))
chmodSync(root, 0o755)
const script = join(root, 'write.mjs')
let folder: string
let file: string

// A process of its own, to be limited, stopped, and run as a user who is not root: FILE CHARACTERS.
beforeAll(() =>
  build({
    stdin: {
      contents: `
        import {writeOutput} from './write-output.ts'
        writeOutput(process, process.argv[2], 'x'.repeat(Number(process.argv[3])))
          .catch(error => { process.stderr.write(error.inOneLine); process.exitCode = 1 })`,
      resolveDir: fileURLToPath(new URL('../../src/files', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
  }),
)
beforeEach(() => {
  folder = mkdtempSync(join(root, 'each-'))
  chmodSync(folder, 0o777)
  file = join(folder, 'out.json')
})
afterAll(() => rmSync(root, {recursive: true, force: true}))

const env = {PATH: process.env.PATH ?? ''}
const quoted = (words: (string | number)[]) => words.map(word => `'${word}'`).join(' ')
/** Runs a line of bash as a user who is not root. */
function asUser(line: string): Promise<RunResult> {
  const command = ['bash', '-c', line]
  const drop = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
  const [program = '', ...args] = [...drop, ...command]
  return runFile(program, args, env, '')
}
const write = (length: number, target = file) => quoted([process.execPath, script, target, length])

it('a new file has the mode that the umask gives it, and a private one is for the user alone', async () => {
  await writeOutput(process, file, 'new')
  expect(statSync(file).mode & 0o777).toBe(0o666 & ~process.umask())
  await writePrivate(join(folder, 'deep', 'secret'), 'new')
  expect(statSync(join(folder, 'deep', 'secret')).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'deep')).mode & 0o777).toBe(0o700)
})

it('a file that is replaced keeps its mode, its owner, and nothing else', async () => {
  writeFileSync(file, 'long and old')
  chmodSync(file, 0o640)
  const before = statSync(file)
  await writeOutput(process, file, 'new')
  const after = statSync(file)
  expect(readFileSync(file, 'utf8')).toBe('new')
  expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid])
  // Whoever has the old one open goes on reading it.
  expect(after.ino).not.toBe(before.ino)
  expect(readdirSync(folder)).toEqual(['out.json'])
  await writeThrough(process, file, 'key', {isPrivate: true})
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('a link stays, and what it leads to is replaced, be it there or not', async () => {
  mkdirSync(join(folder, 'deep', 'er'), {recursive: true})
  writeFileSync(join(folder, 'target'), 'old')
  symlinkSync('../../target', join(folder, 'deep', 'er', 'link'))
  // A folder that is a link itself: .. is of where it leads to.
  symlinkSync('deep/er', join(folder, 'short'))
  symlinkSync('short/link', join(folder, 'first'))
  await writeOutput(process, join(folder, 'first'), 'new')
  expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('new')
  expect(lstatSync(join(folder, 'first')).isSymbolicLink()).toBe(true)
  expect(lstatSync(join(folder, 'deep', 'er', 'link')).isSymbolicLink()).toBe(true)
  symlinkSync('not-yet', join(folder, 'dangling'))
  await writeOutput(process, join(folder, 'dangling'), 'new')
  expect(readFileSync(join(folder, 'not-yet'), 'utf8')).toBe('new')
  symlinkSync('circle', join(folder, 'circle'))
  await expect(writeOutput(process, join(folder, 'circle'), 'new')).rejects.toMatchObject({
    message: expect.stringContaining('its links lead in a circle'),
  })
})

it('a disk without room leaves what was there, and no half file', async () => {
  writeFileSync(file, 'old')
  chmodSync(file, 0o666)
  const {code, stderr} = await asUser(`ulimit -f 8; ${write(100_000)}`)
  expect({code, stderr}).toEqual({
    code: 1,
    stderr: `${file} can't be written: it would be larger than a file may be. Raise the limit of the file size: ulimit -f unlimited.`,
  })
  expect(readFileSync(file, 'utf8')).toBe('old')
  expect(readdirSync(folder)).toEqual(['out.json'])
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s while it is written leaves what was there, and no draft', async (signal, code) => {
  writeFileSync(file, 'old')
  const child = spawn(process.execPath, [script, file, '300000000'], {env})
  const ended = new Promise(resolve => child.on('exit', resolve))
  const drafts = () => readdirSync(folder).filter(name => name.endsWith('.tmp'))
  while (drafts().length === 0 && child.exitCode === null) await sleep(1)
  child.kill(signal)
  expect(await ended).toBe(code)
  expect(readFileSync(file, 'utf8')).toBe('old')
  expect(readdirSync(folder)).toEqual(['out.json'])
})

it('a pipe, a device and the output of this process are written into', async () => {
  const pipe = await asUser(`${write(3, '/dev/null')} && ${write(3, '/dev/stdout')} && ${write(3, '/dev/fd/1')}`)
  expect(pipe).toEqual({code: 0, stdout: 'xxxxxx', stderr: ''})
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  // What the shell opened goes on where it stands, and is not replaced.
  await asUser(`{ echo before; ${write(3, '/dev/stdout')}; echo after; } > '${file}'`)
  expect(readFileSync(file, 'utf8')).toBe('before\nxxxafter\n')
  await asUser(`${quoted([process.execPath, script])} >(cat >> '${file}') 3; sleep 0.5`)
  await asUser(`mkfifo '${folder}/fifo'; cat '${folder}/fifo' >> '${file}' & ${write(3, join(folder, 'fifo'))}; wait`)
  expect(readFileSync(file, 'utf8')).toBe('before\nxxxafter\nxxxxxx')
  expect(statSync(join(folder, 'fifo')).isFIFO()).toBe(true)
  const full = await asUser(write(3, '/dev/full'))
  expect(full).toMatchObject({code: 1, stderr: "/dev/full can't be written: the disk is full. Make room on the disk."})
})

it('a file in a folder that takes no new ones is written in place', async () => {
  writeFileSync(file, 'old and long')
  chmodSync(file, 0o666)
  chmodSync(folder, 0o555)
  expect(await asUser(write(3))).toMatchObject({code: 0, stderr: ''})
  expect(readFileSync(file, 'utf8')).toBe('xxx')
})

it('a file that its user made read-only is not replaced', async () => {
  await asUser(`echo old > '${file}'; chmod 444 '${file}'`)
  const {code, stderr} = await asUser(write(3))
  expect({code, stderr}).toEqual({
    code: 1,
    stderr: `${file} can't be written: the permissions of ${file} forbid it. Change them: chmod u+rwX ${file}.`,
  })
  expect(readFileSync(file, 'utf8')).toBe('old\n')
})

it('says whose the folder is that takes no file', async () => {
  expect(await asUser(write(3, '/usr/out.json'))).toMatchObject({
    code: 1,
    stderr: "/usr/out.json can't be written: /usr belongs to root. Name another file.",
  })
  expect(existsSync('/usr/out.json')).toBe(false)
})

it.each([
  ['nosuch/x', /there is no folder .*nosuch\.$/],
  ['a'.repeat(300), /its name is too long/],
  ['.', /it is a folder/],
])('%s can not be written, and says why', async (name, says) => {
  await expect(writeOutput(process, join(folder, name), 'x')).rejects.toMatchObject({
    code: 'not_written',
    message: expect.stringMatching(says),
  })
  expect(readdirSync(folder)).toEqual([])
})

it('a file that must be new is not replaced, and is there as a whole', async () => {
  await writeThrough(process, file, 'key', {isPrivate: true, isNew: true})
  await expect(writeThrough(process, file, 'other', {isPrivate: true, isNew: true})).rejects.toMatchObject({
    code: 'EEXIST',
  })
  expect(readFileSync(file, 'utf8')).toBe('key')
  expect(readdirSync(folder)).toEqual(['out.json'])
})
