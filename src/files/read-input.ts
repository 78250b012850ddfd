import {constants, openSync} from 'node:fs'
import {open, stat} from 'node:fs/promises'
import {Socket} from 'node:net'
import {platform} from 'node:os'
import {usageError, type VpcmdError} from '../errors.ts'
import {explainTrouble, sentence} from './file-trouble.ts'

const mib = 1024 * 1024

/** The most that is read of a file, in bytes: a fleet's plan has its place in it, and what never ends has not. */
export const inputLimits = {list: 64 * mib, plan: 256 * mib, other: 4 * mib}

/** What the reading of a file takes of the process. */
export interface InputHost {
  env: NodeJS.ProcessEnv
  /** Asked for where it is read, and not before: Node opens it then, which a program that shares it may notice. */
  stdin: AsyncIterable<Buffer>
}

/**
 * The bytes of a file that the user named, or of standard input for `-`; of a pipe or a device as well. Throws a usage
 * error that says what there is none of and why: `No plan from plan.json: there is no such file.`
 */
export async function readInput(
  host: InputHost,
  file: string,
  what: string,
  mostBytes = inputLimits.other,
): Promise<Buffer> {
  const reading = isStdin(file) ? collect(host.stdin, mostBytes) : readFile(file, mostBytes)
  const bytes = await reading.catch((error: unknown) => {
    const {why, advice} = explainTrouble(error, file, host.env, 'read')
    throw noInput(file, what, why, advice && sentence(advice))
  })
  if (bytes) return bytes
  const size = mostBytes % mib === 0 ? `${mostBytes / mib} MiB` : `${mostBytes} bytes`
  throw noInput(file, what, `it is larger than ${size}`)
}

/** The same as text. A byte order mark tells UTF-8 and UTF-16 apart, and is left out. Throws a usage error for what is no text. */
export async function readText(host: InputHost, file: string, what: string, mostBytes?: number): Promise<string> {
  return decodeText(await readInput(host, file, what, mostBytes), file, what)
}

/** Text in bytes that readInput read of the file. Throws as readText does. */
export function decodeText(bytes: Uint8Array, file: string, what: string): string {
  const encoding = encodingOf(bytes)
  if (encoding === 'utf-16-unmarked') {
    const why = 'it is text in UTF-16 without a byte order mark, and vpcmd reads UTF-8'
    const order = bytes[0] === 0 ? 'UTF-16BE' : 'UTF-16LE'
    throw noInput(file, what, why, `Save it as UTF-8, or convert it: iconv -f ${order} -t UTF-8`)
  }
  try {
    return new TextDecoder(encoding, {fatal: true}).decode(bytes)
  } catch {
    throw noInput(file, what, encoding === 'utf-8' ? 'it is not UTF-8 text' : 'it is not UTF-16 text')
  }
}

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'utf-16-unmarked'

/** How text is encoded, by its byte order mark, or by zero bytes at every other place. What has none of both may be UTF-8. */
export function encodingOf(bytes: Uint8Array): TextEncoding {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  // Most of what vpcmd reads is ASCII, of which UTF-16 has a zero byte in each character, always on the same side.
  const zeros = [0, 0]
  const looked = bytes.subarray(0, 1024)
  for (const [at, byte] of looked.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1
  const most = Math.max(...zeros)
  return most >= 2 && Math.min(...zeros) === 0 && most * 4 >= looked.length ? 'utf-16-unmarked' : 'utf-8'
}

/** What a stream gives; undefined for more than `mostBytes`, of which it reads no more than that and a little. */
async function collect(stream: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk)
    length += chunk.length
    if (length > mostBytes) return undefined
  }
  return Buffer.concat(chunks)
}

async function readFile(file: string, mostBytes: number): Promise<Buffer | undefined> {
  // A thread of Node's that waits for whoever writes into a pipe would not let vpcmd end on Ctrl-C.
  if ((await stat(file)).isFIFO()) return collect(openPipe(file), mostBytes)
  const handle = await open(file)
  try {
    const there = await handle.stat()
    // The system tells no size of a device, and in /proc a wrong one.
    if (there.isFile() && there.size > mostBytes) return undefined
    // What a device gives has no end, or is typed.
    const most = there.isCharacterDevice() ? Math.min(mostBytes, inputLimits.other) : mostBytes
    return await collect(handle.createReadStream({autoClose: false, highWaterMark: 256 * 1024}), most)
  } finally {
    await handle.close()
  }
}

function openPipe(file: string): Socket {
  return new Socket({fd: openSync(file, constants.O_RDONLY | constants.O_NONBLOCK), writable: false})
}

/** Whether a file is standard input. By its path it can't be opened where it is a socket. */
export function isStdin(file: string): boolean {
  return file === '-' || (platform() !== 'win32' && /^\/dev\/(stdin|fd\/0)$|^\/proc\/self\/fd\/0$/.test(file))
}

/** What such a file is called in a sentence. */
export function inputName(file: string): string {
  return isStdin(file) ? 'standard input' : file || 'an empty path'
}

function noInput(file: string, what: string, why: string, hint?: string): VpcmdError {
  return usageError(`No ${what} from ${inputName(file)}: ${why}.`, hint)
}
