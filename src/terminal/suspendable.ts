import {platform} from 'node:os'
import {Writable} from 'node:stream'
import {stripVTControlCharacters} from 'node:util'
import {onContinue, onExit, stopJob} from '../signals.ts'
import {rowsOf, width} from './text.ts'

/** So long after a stop that nobody heeded the prompt goes on, in milliseconds. */
const unheededMs = 200

const showCursor = '\x1b[?25h'
const eraseScreen = '\x1b[H\x1b[J'
const [beginPastes, endPastes] = ['\x1b[?2004h', '\x1b[?2004l']

/** What an input emits when nothing more comes of it. */
export const inputEndings = ['end', 'close', 'error'] as const

export interface Streams {
  input: NodeJS.ReadStream
  /** Where prompts are drawn: standard error, so that standard output carries data only. */
  output: NodeJS.WriteStream
}

interface SuspendableTerminal {
  /** What a prompt is to be drawn on. */
  output: NodeJS.WritableStream
  /** How many rows of the terminal the last drawing takes. */
  rows(): number
  /** Erases what was drawn last; nothing more is drawn. */
  erase(): void
  /** Leaves the terminal as a shell expects it. */
  dispose(): void
}

/**
 * A terminal in raw mode on which Ctrl-Z gives the terminal back to the shell and stops vpcmd, as anywhere else, and which
 * survives a stop: after SIGCONT it is raw again, and what was drawn last is drawn anew below whatever the shell has
 * printed. A resize draws it anew at once, unless it `drawsItself` then. With `tellsPastes`, what is pasted comes between
 * two keys of its own (`paste-start` and `paste-end` of Node's readline). For drawings that begin by erasing the one before, as inquirer's do.
 */
export function suspendable(
  {input, output}: Streams,
  {tellsPastes = false, drawsItself = false} = {},
): SuspendableTerminal {
  const [begin, end] = tellsPastes ? [beginPastes, endPastes] : ['', '']
  let drawing = ''
  let rows = 0
  let unheeded: NodeJS.Timeout | undefined
  let isStopped = false
  let isErased = false
  let wasResized = false
  const screen = new Screen(output, text => {
    if (isErased) return ''
    // A move of the cursor alone belongs to the drawing before it.
    if (/^(?:\x1b\[\d*G)+$/.test(text)) {
      drawing += text
      return text
    }
    const fresh = text.replace(erasing, '')
    // The line break after the answer is no drawing.
    if (stripVTControlCharacters(fresh).trim() !== '') rows = rowsOf(layoutOf(fresh).lines, output.columns)
    // As many lines as there were may be more by now, where the terminal has become narrower.
    const isNew = erasing.exec(text)?.[0].includes('K')
    const erasure = wasResized ? eraseScreen : eraseDrawing(drawing, output.columns)
    if (isNew) wasResized = false
    drawing = fresh
    return isNew ? `${erasure}${fresh}` : text
  })
  const redraw = () => {
    // Terminals differ in where the cursor is then, if lines below it wrap: what draws itself begins at the top.
    wasResized = drawsItself
    if (drawsItself || drawing === '' || isStopped || screen.writableEnded) return
    const erasure = eraseDrawing(drawing, output.columns)
    drawing = fitted(drawing, output.columns)
    output.write(`${erasure}${drawing}`)
  }
  const goOn = () => {
    isStopped = false
    clearTimeout(unheeded)
    if (drawing === '' || screen.writableEnded) return
    // Whatever Node believes that the mode is, a shell has changed it.
    input.setRawMode?.(false)
    input.setRawMode?.(true)
    drawing = fitted(drawing, output.columns)
    output.write(`${begin}${drawing}`)
  }
  const suspend = () => {
    const {lines, line} = layoutOf(drawing)
    output.write(`${'\n'.repeat(lines.length - line)}${showCursor}${end}`)
    input.setRawMode?.(false)
    isStopped = true
    // An orphaned process can't be stopped, and no SIGCONT comes. Where one has come, it is heard before the immediate.
    unheeded = setTimeout(() => setImmediate(() => isStopped && goOn()), unheededMs)
    stopJob()
  }
  // Before anyone hears of it: readline would stop the process by itself and come back deaf, and a list would take it for
  // a letter to search.
  const emit = input.emit.bind(input)
  const emitOthers = (event: string, ...args: unknown[]) => {
    if (event !== 'keypress' || !isCtrlZ(args[1])) return emit(event, ...args)
    suspend()
    return true
  }
  if (platform() !== 'win32') Object.assign(input, {emit: emitOthers})
  output.on('resize', redraw)
  output.write(begin)
  const disposals = [onContinue(goOn), onExit(() => output.write(`${showCursor}${end}`))]
  return {
    output: screen,
    rows: () => rows,
    erase() {
      if (drawing !== '') output.write(`${eraseDrawing(drawing, output.columns)}${showCursor}`)
      drawing = ''
      isErased = true
    },
    dispose() {
      isStopped = false
      clearTimeout(unheeded)
      Reflect.deleteProperty(input, 'emit')
      for (const dispose of disposals) dispose()
      output.off('resize', redraw)
      output.write(end)
    },
  }
}

function isCtrlZ(key: unknown): boolean {
  const {ctrl, name} = Object(key)
  return ctrl === true && name === 'z'
}

// What a drawing begins with: cursor down, then line by line erase, up, and to the first column.
const erasing = /^(?:\x1b\[\d*[ABGK])+/

interface Layout {
  lines: string[]
  /** The line that the cursor is in, and its column there. */
  line: number
  column: number
}

/** What a drawing consists of: lines, and then moves of the cursor up and to a column. */
function layoutOf(drawing: string): Layout {
  const [moves = ''] = /(?:\x1b\[\d*[AG])*$/.exec(drawing) ?? []
  const lines = drawing.slice(0, drawing.length - moves.length).split('\n')
  const up = Number(/\x1b\[(\d+)A/.exec(moves)?.[1] ?? 0)
  const column = Number([...moves.matchAll(/\x1b\[(\d*)G/g)].pop()?.[1] || 1) - 1
  return {lines, line: Math.max(0, lines.length - 1 - up), column}
}

/** From where a drawing has left the cursor to where it began, with all of it erased; for the terminal as wide as it is now. */
function eraseDrawing(drawing: string, columns = 80): string {
  const {lines, line, column} = layoutOf(drawing)
  const up = rowsOf(lines.slice(0, line), columns) + Math.floor(column / columns)
  return `${up > 0 ? `\x1b[${up}A` : ''}\r\x1b[J`
}

/**
 * A drawing for a terminal of another width, with the cursor where it belongs. No line is left for the terminal to wrap:
 * what it has wrapped it may join when it becomes wider, and not every terminal does.
 */
function fitted(drawing: string, columns = 80): string {
  const {lines, line, column} = layoutOf(drawing)
  const rows = lines.map(each => brokenAt(each, columns))
  const above = rows.slice(0, line).flat().length + Math.floor(column / columns)
  const up = rows.flat().length - 1 - above
  return `${rows.flat().join('\n')}${up > 0 ? `\x1b[${up}A` : ''}\x1b[${(column % columns) + 1}G`
}

/** A line with escape sequences in rows of so many columns at most. */
function brokenAt(line: string, columns: number): string[] {
  const rows = ['']
  let room = columns
  for (const [part] of line.matchAll(/\x1b\[[\d;?]*[A-Za-z]|./gsu)) {
    const needed = part.startsWith('\x1b') ? 0 : width(part)
    if (needed > room) {
      rows.push('')
      room = columns
    }
    rows[rows.length - 1] += part
    room -= needed
  }
  return rows
}

/** Hands on what is drawn, as it is to be shown; as wide as what is behind it. */
class Screen extends Writable {
  readonly #behind: NodeJS.WriteStream
  readonly #shownAs: (text: string) => string

  constructor(behind: NodeJS.WriteStream, shownAs: (text: string) => string) {
    super({decodeStrings: false})
    this.#behind = behind
    this.#shownAs = shownAs
  }

  get isTTY(): boolean {
    return this.#behind.isTTY
  }

  get columns(): number {
    return this.#behind.columns
  }

  get rows(): number {
    return this.#behind.rows
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#behind.write(this.#shownAs(chunk.toString()))
    done()
  }
}
