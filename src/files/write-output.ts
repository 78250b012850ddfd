import {randomUUID} from 'node:crypto'
import {constants, rmSync, type Stats, writeFile as writeToDescriptor} from 'node:fs'
import {access, type FileHandle, link, open, readlink, realpath, rename, rm, stat, writeFile} from 'node:fs/promises'
import {platform} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import {promisify} from 'node:util'
import {VpcmdError} from '../errors.ts'
import {hearSignals, onExit} from '../signals.ts'
import {explainTrouble, fileError, sentence} from './file-trouble.ts'

export interface OutputManner {
  /** Readable by the user alone (0600), whatever was there. Otherwise what is there keeps its mode. */
  isPrivate?: boolean
  /** Leaves a file alone that is there already: throws `EEXIST`. */
  isNew?: boolean
}

/** What the writing of a file takes of the process: its name may stand for one of the streams. */
export interface OutputHost extends Record<'stdout' | 'stderr', Stream> {
  env: NodeJS.ProcessEnv
}

type Stream = {write(text: string | Uint8Array, done: (error?: Error | null) => void): unknown}

/** What is written, in pieces where it may be longer than a text can be. */
type Content = string | readonly (string | Buffer)[]

/**
 * Writes a file that the user named: as a whole or not at all, so that nothing that was there is lost. A link is followed;
 * a device or a pipe is written into. Throws a VpcmdError with `code` that says why it can't be written.
 */
export async function writeOutput(
  host: OutputHost,
  file: string,
  content: Content,
  code = 'not_written',
): Promise<void> {
  try {
    await writeThrough(host, file, content)
  } catch (error) {
    throw notWritten(file, error, host.env, code)
  }
}

/** The error of a file that can't be written. */
export function notWritten(file: string, error: unknown, env: NodeJS.ProcessEnv, code = 'not_written'): VpcmdError {
  const {why, advice} = explainTrouble(error, file, env)
  return new VpcmdError({
    code,
    message: `${file} can't be written: ${why}.`,
    hint: advice === undefined ? 'Name another file.' : sentence(advice),
  })
}

/** The same as writeOutput, but throws what the file system throws. */
export async function writeThrough(
  host: OutputHost,
  file: string,
  content: Content,
  manner: OutputManner = {},
): Promise<void> {
  const target = await followLinks(file)
  const descriptor = descriptorOf(target)
  if (descriptor !== undefined) return writeDescriptor(host, descriptor, content)
  const there = await stat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!there) return replaceFile(target, content, manner)
  if (there.isDirectory()) throw fileError('EISDIR')
  if (!there.isFile()) return writeInto(target, content)
  if (manner.isNew) throw fileError('EEXIST')
  // A rename asks only the folder.
  await access(target, constants.W_OK)
  try {
    await replaceFile(target, content, manner, there)
  } catch (error) {
    // The folder may be another's, or the file a mount of its own, as in a container.
    if (!['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw error
    await writeInto(target, content, manner.isPrivate ? 0o600 : undefined)
  }
}

/**
 * Puts a file into its place as a whole: nobody sees half of it, and where that fails, what was there stays. What is there
 * is replaced, a link as well, and not written into. Throws what the file system throws.
 */
export async function replaceFile(
  file: string,
  content: Content,
  {isPrivate = false, isNew = false}: OutputManner,
  there?: Stats,
): Promise<void> {
  const draft = join(dirname(file), `.${randomUUID()}.tmp`)
  const isKept = keepTrackOf(draft)
  try {
    const handle = await open(draft, 'wx', isPrivate || there ? 0o600 : 0o666)
    try {
      if (there) await takeAfter(handle, there, isPrivate)
      await writeFile(handle, content)
      await handle.sync().catch(unlessUnknown)
    } finally {
      await handle.close()
    }
    // Unlike a rename, a link fails where there is a file.
    if (isNew) await link(draft, file).catch(error => moveToFree(draft, file, error))
    else await rename(draft, file)
  } finally {
    await rm(draft, {force: true}).catch(() => undefined)
    isKept()
  }
}

/** Where the disk has no hard links (vfat, some FUSE and SMB mounts): the name is taken first, and then replaced. */
async function moveToFree(draft: string, file: string, error: NodeJS.ErrnoException): Promise<void> {
  if (!noLinks.includes(error.code ?? '')) throw error
  await writeFile(file, '', {mode: 0o600, flag: 'wx'})
  await rename(draft, file).catch(async (failure: unknown) => {
    await rm(file, {force: true})
    throw failure
  })
}

const noLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

async function takeAfter(handle: FileHandle, {uid, gid, mode}: Stats, isPrivate: boolean): Promise<void> {
  const draft = await handle.stat()
  // Only root may give a file away; it is the user's then.
  if (draft.uid !== uid || draft.gid !== gid) await handle.chown(uid, gid).catch(() => undefined)
  if (!isPrivate) await handle.chmod(mode & 0o7777)
}

/** Some file systems know no flush of a file. */
function unlessUnknown(error: NodeJS.ErrnoException): void {
  if (!['EINVAL', 'ENOSYS', 'ENOTSUP'].includes(error.code ?? '')) throw error
}

async function writeInto(file: string, content: Content, mode?: number): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_TRUNC)
  try {
    if (mode !== undefined) await handle.chmod(mode)
    await writeFile(handle, content)
  } finally {
    await handle.close()
  }
}

const mostLinks = 40

/** Where a path leads in the end, whether something is there or not. Links of this process's descriptors are not followed. */
async function followLinks(file: string): Promise<string> {
  let at = file
  for (let links = 0; links < mostLinks; links++) {
    if (descriptorOf(at) !== undefined) return at
    // What is no link, or not there, the writing itself will tell.
    const next = await readlink(at).catch(() => undefined)
    if (next === undefined) return at
    at = resolve(await realpath(dirname(at)), next)
  }
  throw fileError('ELOOP')
}

/** Which descriptor of this process a path stands for: `/dev/stdout`, or `/dev/fd/63` as shells give it for `>(command)`. */
function descriptorOf(file: string): number | undefined {
  if (platform() === 'win32') return undefined
  if (file === '/dev/stdout') return 1
  if (file === '/dev/stderr') return 2
  const digits = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/.exec(file)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Goes on where the descriptor stands, as the shell opened it: it may be a file that others write to as well. */
async function writeDescriptor(host: OutputHost, descriptor: number, content: Content | Buffer): Promise<void> {
  if (typeof content !== 'string' && !Buffer.isBuffer(content)) {
    for (const piece of content) await writeDescriptor(host, descriptor, piece)
    return
  }
  if (descriptor !== 1 && descriptor !== 2) return promisify(writeToDescriptor)(descriptor, content)
  const stream = descriptor === 1 ? host.stdout : host.stderr
  await new Promise<void>((done, fail) => {
    // A reader that closes the pipe is no error, here as everywhere.
    stream.write(content, (error?: NodeJS.ErrnoException | null) =>
      error && error.code !== 'EPIPE' ? fail(error) : done(),
    )
  })
}

/** Sees that a draft is removed where the process is ended while it is written; what is returned ends that. */
function keepTrackOf(draft: string): () => void {
  hearSignals()
  return onExit(() => rmSync(draft, {force: true}))
}
