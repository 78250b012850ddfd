import {exitCodes} from './errors.ts'

let isLossTold = false

/**
 * Lets vpcmd go on where it can't print, as it may be in the middle of a change. A reader that closes the pipe, as `head`
 * does, is no error at all. A code that says what is wrong stays; one that says what was found would vouch for the output.
 */
export function surviveWriting(): void {
  // oclif's own listener on stdout throws whatever is not EPIPE.
  process.stdout.removeAllListeners('error')
  const survive = ({code}: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || isLossTold) return
    isLossTold = true
    if (!process.exitCode || process.exitCode === exitCodes.notCompliant) process.exitCode = exitCodes.failed
    process.stderr.write(`Error: Can't write the output (${code}).\n`)
  }
  for (const stream of [process.stdout, process.stderr]) stream.on('error', survive)
}

/** Prints the last that vpcmd has to say, and ends it: at once where stdout takes it all, as Node's stream takes longer to make. */
export function printAndEnd(text: string | Buffer): void {
  const bytes = Buffer.from(text)
  let written = 0
  try {
    // A console of Windows takes no UTF-8.
    if (process.platform !== 'win32') written = process.getBuiltinModule('node:fs').writeSync(1, bytes)
  } catch {
    // The stream waits for who reads slowly, and knows what to say of the rest.
  }
  if (written === bytes.length) process.exit()
  surviveWriting()
  process.stdout.write(bytes.subarray(written))
}
