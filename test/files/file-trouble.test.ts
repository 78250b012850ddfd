import {chownSync, closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {explainTrouble, fileError, fullPath} from '../../src/files/file-trouble.ts'
import {openFileLimit} from '../../src/files/open-file-limit.ts'
import {writeOutput} from '../../src/files/write-output.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'vpcmd-trouble-')))
})
afterEach(() => rmSync(folder, {recursive: true}))

const hereIsGone = () =>
  vi.spyOn(process, 'cwd').mockImplementation(() => {
    throw fileError('ENOENT')
  })

const explain = (error: unknown, path: string, doing?: 'read', env = {}) => explainTrouble(error, path, env, doing)

describe('what the file system refuses', () => {
  it.each([
    ['ENOSPC', 'the disk is full', 'make room on the disk'],
    ['EMFILE', 'too many files are open in this process', 'raise the limit of open files: ulimit -n 1024'],
    ['EROFS', 'its file system is read-only', undefined],
    ['EWHATEVER', 'EWHATEVER', undefined],
  ])('%s is told in words, with what to do', (code, why, advice) => {
    expect(explain(fileError(code), '/a/file')).toEqual({why, advice})
  })

  it('an error without a code is told as it is', () => {
    expect(explain(new Error('odd'), '/a/file')).toEqual({why: 'odd', advice: undefined})
  })

  it('what is not there is the file that is read, and the folder of the one that is written', () => {
    const gone = fileError('ENOENT')
    const file = join(folder, 'none', 'file')
    expect(explain(gone, file, 'read').why).toBe('there is no such file')
    expect(explain(gone, file).why).toBe(`there is no folder ${join(folder, 'none')}`)
    expect(explain(gone, join(folder, 'file')).why).toBe('there is no such file')
  })

  it('a relative path leads nowhere from a folder that is gone', () => {
    hereIsGone()
    expect(explain(fileError('ENOENT'), 'file', 'read')).toEqual({
      why: 'the current folder is gone',
      advice: 'go to a folder that exists, or give a full path',
    })
    expect(() => fullPath('file')).toThrow(expect.objectContaining({exitCode: 2}))
    expect(fullPath('/a/file')).toBe('/a/file')
    expect(explain(fileError('EACCES'), 'file').why).toBe('permission is denied (EACCES)')
  })
})

describe('permission', () => {
  const uid = 4242
  beforeEach(() => {
    vi.spyOn(process, 'getuid').mockReturnValue(uid)
  })

  it("that is lacking for what is another's names the owner, and the way to it where it lies at home", () => {
    expect(explain(fileError('EACCES'), '/nowhere/file').why).toBe('/ belongs to root')
    expect(explain(fileError('EACCES'), '/nowhere/file').advice).toBeUndefined()
    expect(explain(fileError('EPERM'), '/etc/none/file', undefined, {HOME: '/etc'})).toEqual({
      why: '/etc belongs to root',
      advice: 'make it yours: sudo chown -R "$USER" /etc',
    })
  })

  it.skipIf(process.geteuid?.() !== 0)('for what is your own, and may be written, is told as the system does', () => {
    chownSync(folder, uid, uid)
    expect(explain(fileError('EACCES'), join(folder, 'file'))).toEqual({
      why: 'permission is denied (EACCES)',
      advice: undefined,
    })
    chownSync(folder, uid + 1, uid)
    expect(explain(fileError('EACCES'), folder).why).toBe(`${folder} belongs to another user (ID ${uid + 1})`)
  })

  it('of root is told as the system does', () => {
    vi.spyOn(process, 'getuid').mockReturnValue(0)
    expect(explain(fileError('EACCES'), folder).why).toBe('permission is denied (EACCES)')
  })
})

it('how many files may be open is tried out where no file of the system tells it', () => {
  const own = openFileLimit(1_000_000)
  expect(own).toBeGreaterThan(20)
  const platform = vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
  // It stops as soon as there are enough.
  expect(openFileLimit(20)).toBe(20)
  platform.mockReturnValue('win32')
  expect(openFileLimit(7)).toBe(7)
})

describe('a descriptor', () => {
  it('is written from where it stands, after what is there', async () => {
    const file = join(folder, 'out')
    writeFileSync(file, 'before\n')
    const descriptor = openSync(file, 'a')
    await writeOutput(process, `/dev/fd/${descriptor}`, 'after\n')
    await writeOutput(process, `/dev/fd/${descriptor}`, ['in ', 'pieces\n'])
    closeSync(descriptor)
    expect(readFileSync(file, 'utf8')).toBe('before\nafter\nin pieces\n')
  })

  /** A host whose streams keep what is written, and say how that went. */
  const hostOf = (failure: () => Error | null = () => null) => {
    const written = {stdout: '', stderr: ''}
    const stream = (name: keyof typeof written) => ({
      write(text: string, done: (error: Error | null) => void) {
        written[name] += text
        done(failure())
      },
    })
    return {env: {}, stdout: stream('stdout'), stderr: stream('stderr'), written}
  }

  it.each([
    ['/dev/stdout', {stdout: 'all of it', stderr: ''}],
    ['/dev/fd/2', {stdout: '', stderr: 'all of it'}],
  ])('that is an output of the host is written through it: %s', async (path, all) => {
    const host = hostOf()
    await writeOutput(host, path, 'all of it')
    expect(host.written).toEqual(all)
  })

  it('whose reader has gone is no failure, and one that fails otherwise is', async () => {
    let code = 'EPIPE'
    const host = hostOf(() => fileError(code))
    await writeOutput(host, '/dev/stdout', 'nobody reads it')
    code = 'ENOSPC'
    await expect(writeOutput(host, '/dev/stdout', 'it has no room')).rejects.toMatchObject({
      message: expect.stringContaining('the disk is full'),
    })
  })
})
