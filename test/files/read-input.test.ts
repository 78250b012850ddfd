import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {afterAll, expect, it} from 'vitest'
import {readInput, readText} from '../../src/files/read-input.ts'

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-read-'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))

function save(name: string, content: string | Buffer): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

const text = 'web-1\r\nünï 😀\n'
const little = Buffer.from(text, 'utf16le')
const big = Buffer.from(little).swap16()

it.each([
  ['UTF-8', Buffer.from(text)],
  ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`)],
  ['UTF-16 of PowerShell', Buffer.concat([Buffer.from([0xff, 0xfe]), little])],
  ['UTF-16, big end first', Buffer.concat([Buffer.from([0xfe, 0xff]), big])],
])('text is read as it was meant, in %s', async (name, bytes) => {
  expect(await readText(process, save(name, bytes), 'list')).toBe(text)
})

it.each([
  ['UTF-16LE', Buffer.from('web-1\n', 'utf16le')],
  ['UTF-16BE', Buffer.from('[{"id":1}]', 'utf16le').swap16()],
])('%s without a byte order mark is named, and how to convert it', async (order, bytes) => {
  const file = save(order, bytes)
  await expect(readText(process, file, 'list')).rejects.toMatchObject({
    exitCode: 2,
    message: `No list from ${file}: it is text in UTF-16 without a byte order mark, and vpcmd reads UTF-8.`,
    hint: expect.stringContaining(`iconv -f ${order} -t UTF-8`),
  })
})

it.each([
  ['it is not UTF-8 text', 'latin-1', Buffer.from('f\xfcr', 'latin1')],
  ['it is not UTF-8 text', 'cut', Buffer.from('ü').subarray(0, 1)],
  ['it is not UTF-16 text', 'odd', Buffer.from([0xff, 0xfe, 0x41])],
  ['it is not UTF-16 text', 'half a pair', Buffer.from('\ufeff\ud83d', 'utf16le')],
])('nothing is guessed where %s (%s)', async (why, name, bytes) => {
  const file = save(name, bytes)
  await expect(readText(process, file, 'token')).rejects.toMatchObject({
    exitCode: 2,
    message: `No token from ${file}: ${why}.`,
  })
})

it('zero bytes alone are no UTF-16', async () => {
  for (const each of ['a\0b', '\0', 'a\0\0b', `#!/bin/sh\n${'x'.repeat(50)}\0\0`]) {
    expect(await readText(process, save('zeros', each), 'user data')).toBe(each)
  }
})

it('a file is read up to its limit, and no byte further', async () => {
  const file = save('limit', Buffer.alloc(5 * 1024 * 1024))
  expect(await readInput(process, file, 'plan', 5 * 1024 * 1024)).toHaveLength(5 * 1024 * 1024)
  await expect(readInput(process, file, 'plan', 5 * 1024 * 1024 - 1)).rejects.toMatchObject({exitCode: 2})
  await expect(readInput(process, file, 'token')).rejects.toMatchObject({
    message: `No token from ${file}: it is larger than 4 MiB.`,
  })
})

it('what never ends takes no memory', async () => {
  const huge = save('huge', '')
  truncateSync(huge, 2 ** 40)
  for (const file of ['/dev/zero', huge]) {
    await expect(readInput(process, file, 'key')).rejects.toMatchObject({
      message: `No key from ${file}: it is larger than 4 MiB.`,
    })
  }
})

it.each([
  [folder, /: it is a folder\.$/],
  [join(folder, 'nosuch'), /: there is no such file\.$/],
  [join(folder, 'a'.repeat(300)), /: its name is too long\.$/],
  [join(import.meta.filename, 'x'), /: a part of its path is not a folder\.$/],
])('%s can not be read, and says why', async (file, says) => {
  await expect(readInput(process, file, 'list')).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(says),
  })
})

it('who waits for the writer of a FIFO ends on Ctrl-C all the same', async () => {
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const child = spawn(process.execPath, ['dist/main.cjs', 'imds', 'decode', fifo], {stdio: 'ignore'})
  const ended = once(child, 'exit')
  // It ends at once where it does not wait, and what is asserted is then the wrong code.
  await sleep(1500)
  child.kill('SIGINT')
  expect(await ended).toEqual([130, null])
})

it('a FIFO is read up to its end, however late its writer comes', async () => {
  const fifo = join(folder, 'late')
  execFileSync('mkfifo', [fifo])
  const reading = readText(process, fifo, 'list')
  spawn('sh', ['-c', 'sleep 0.2; { echo web-1; sleep 0.2; echo web-2; } >"$0"', fifo])
  expect(await reading).toBe('web-1\nweb-2\n')
})
