import {exitCodes} from './errors.ts'
import {hearSignals, isFirstProcess, leaveSignals} from './signals.ts'

let isLossTold = false

/**
 * Lets vpcmd go on where it can't print, as it may be in the middle of a change. A reader that is gone, as `head` soon is, is
 * no error at all. A code that says what is wrong stays; one that says what was found would vouch for the output.
 */
export function surviveWriting(): void {
  const survive = ({code}: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || code === 'ECONNRESET' || isLossTold) return
    isLossTold = true
    if (!process.exitCode || process.exitCode === exitCodes.notCompliant) process.exitCode = exitCodes.failed
    process.stderr.write(`Error: Can't write the output (${code}).\n`)
  }
  for (const stream of [process.stdout, process.stderr]) {
    // oclif's own listener on stdout throws whatever is not EPIPE, and one of ours is enough.
    stream.removeAllListeners('error').on('error', survive)
    if (isFile(stream.fd)) stream._write = (chunk, _encoding, done) => writeWhole(stream.fd, chunk, done)
  }
}

function isFile(fd: number): boolean {
  try {
    return process.getBuiltinModule('node:fs').fstatSync(fd).isFile()
  } catch {
    // Closed: Node has put something else in its place, or tells when it writes.
    return false
  }
}

/** Writes to a file. Node's own stream takes what a disk that is nearly full has taken for the whole (lib/internal/fs/sync_write_stream.js). */
function writeWhole(fd: number, chunk: Uint8Array, done: (error?: Error) => void): void {
  let failure: Error | undefined
  try {
    process.getBuiltinModule('node:fs').writeFileSync(fd, chunk)
  } catch (error) {
    failure = error as Error
  }
  done(failure)
}

/** Prints the last that vpcmd has to say, and ends it: at once where stdout takes it all, as Node's stream takes longer to make. */
export function printAndEnd(text: string | Buffer): void {
  const bytes = Buffer.from(text)
  let written = 0
  // A console of Windows takes no UTF-8.
  if (process.platform !== 'win32' && !isFirstProcess) {
    leaveSignals()
    try {
      written = process.getBuiltinModule('node:fs').writeSync(1, bytes)
    } catch {
      // The stream waits for who reads slowly, and knows what to say of the rest.
    }
    if (written === bytes.length) process.exit()
  }
  hearSignals()
  surviveWriting()
  process.stdout.write(bytes.subarray(written))
}
