import {isUtf8} from 'node:buffer'
import type {FileHandle} from 'node:fs/promises'
import {VpcmdError} from '../errors.ts'
import {NotPlain, openPlain} from '../plain-file.ts'
import {clueIn, isCut, isResumption, type JournalLine, parseLine} from './journal.ts'

/** A line that is none, and its clue: bit rot, a block of zeros after a crash, or of a shape that vpcmd does not write. */
export type DamagedLine = {t: 'damaged'} & ReturnType<typeof clueIn>

/** What a journal's file is known by: as one is only ever appended to, another content is another size. */
export interface JournalStamp {
  size: number
  mtimeMs: number
  ino: number
}

/**
 * Hands over each line of a journal, in order, and those that are damaged. Half a line that a killed process left is as if
 * it had not begun. Gives what the file was when it was opened, and how many bytes were read. Throws VpcmdError for one
 * that can't be read, or is not this user's file.
 */
export async function readJournal(
  file: string,
  take: (line: JournalLine | DamagedLine) => void,
): Promise<{bytes: number; stamp: JournalStamp}> {
  try {
    const handle = await openPlain(file)
    try {
      const {size, mtimeMs, ino} = await handle.stat()
      const {sort, end} = sorter(take)
      const bytes = await readLines(handle, size, sort)
      end()
      return {bytes, stamp: {size, mtimeMs, ino}}
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw unreadableJournal(file, error)
  }
}

/** The error for a journal, or a folder of journals, that can't be read. */
export function unreadableJournal(file: string, error: unknown): VpcmdError {
  const {code, message} = error as NodeJS.ErrnoException
  const isOurs = error instanceof VpcmdError || error instanceof NotPlain
  return new VpcmdError({
    code: 'journal_unreadable',
    message: `The journal ${file} can't be read: ${isOurs ? message : (code ?? message)}.`,
    ...(error instanceof NotPlain && {hint: 'vpcmd trusts only files of its own user there: move it elsewhere.'}),
  })
}

/** Tells lines that are damaged from those that were cut. */
function sorter(take: (line: JournalLine | DamagedLine) => void) {
  /** Bad lines that may be cut: what follows tells. */
  let open: string[] = []
  /** Nothing follows that could make what is open a line that was cut. */
  const end = () => {
    for (const text of open) take({t: 'damaged', ...clueIn(text)})
    open = []
  }
  return {
    end,
    sort(bytes: Buffer, isWhole: boolean) {
      const text = bytes.toString('utf8')
      const line = isUtf8(bytes) ? parseLine(text) : undefined
      // What comes before an empty line had an end of its own.
      if (text === '') end()
      else if (line) {
        // Whoever resumes a run ends the line that its last process left, and then says so.
        if (line.t !== 'resumed') end()
        open = []
        take(line)
      } else {
        if (!isResumption(text)) end()
        open.push(text)
        if (!isCut(text)) end()
        if (!isWhole) open = []
      }
    },
  }
}

/** No line is longer: what goes on without an end is no text. */
const longestLine = 16 * 1024 * 1024

async function readLines(
  handle: FileHandle,
  size: number,
  take: (line: Buffer, isWhole: boolean) => void,
): Promise<number> {
  const chunk = Buffer.allocUnsafe(Math.min(Math.max(size + 1, 4096), 256 * 1024))
  let rest: Buffer[] = []
  let restLength = 0
  let bytes = 0
  for (;;) {
    const {bytesRead} = await handle.read(chunk, 0, chunk.length)
    if (bytesRead === 0) break
    bytes += bytesRead
    let from = 0
    // Lines end with this alone: a name or a message may hold what else ends one elsewhere (U+2028).
    for (let end = chunk.indexOf(10); end >= 0 && end < bytesRead; end = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, end)
      take(rest.length > 0 ? Buffer.concat([...rest, part]) : part, true)
      rest = []
      restLength = 0
      from = end + 1
    }
    if (from < bytesRead && restLength < longestLine) {
      rest.push(Buffer.from(chunk.subarray(from, bytesRead)))
      restLength += bytesRead - from
    }
  }
  if (rest.length > 0) take(Buffer.concat(rest), false)
  return bytes
}
