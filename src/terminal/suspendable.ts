import {platform} from 'node:os'
import {Writable} from 'node:stream'
import {onContinue, onExit, stopJob} from '../signals.ts'

/** So long after a stop that nobody heeded the prompt goes on, in milliseconds. */
const unheededMs = 200

const showCursor = '\x1b[?25h'

export interface Streams {
  input: NodeJS.ReadStream
  /** Where prompts are drawn: standard error, so that standard output carries data only. */
  output: NodeJS.WriteStream
}

interface SuspendableTerminal {
  /** What a prompt is to be drawn on. */
  output: NodeJS.WritableStream
  /** Leaves the terminal as a shell expects it. */
  dispose(): void
}

/**
 * A terminal in raw mode on which Ctrl-Z gives the terminal back to the shell and stops vpcmd, as anywhere else, and which
 * survives a stop: after SIGCONT it is raw again, and what was drawn last is drawn anew below whatever the shell has
 * printed. For drawings that begin by erasing the one before, as inquirer's do.
 */
export function suspendable({input, output}: Streams): SuspendableTerminal {
  let drawing = ''
  let unheeded: NodeJS.Timeout | undefined
  let isStopped = false
  const screen = new Screen(output, text => {
    // A move of the cursor alone belongs to the drawing before it.
    drawing = /^(?:\x1b\[\d*G)+$/.test(text) ? drawing + text : text.replace(erasing, '')
  })
  const goOn = () => {
    isStopped = false
    clearTimeout(unheeded)
    if (drawing === '' || screen.writableEnded) return
    // Whatever Node believes that the mode is, a shell has changed it.
    input.setRawMode?.(false)
    input.setRawMode?.(true)
    output.write(drawing)
  }
  const suspend = () => {
    output.write(`${belowOf(drawing)}${showCursor}`)
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
  const disposals = [onContinue(goOn), onExit(() => output.write(showCursor))]
  return {
    output: screen,
    dispose() {
      isStopped = false
      clearTimeout(unheeded)
      Reflect.deleteProperty(input, 'emit')
      for (const dispose of disposals) dispose()
    },
  }
}

function isCtrlZ(key: unknown): boolean {
  const {ctrl, name} = Object(key)
  return ctrl === true && name === 'z'
}

// What a drawing begins with: cursor down, then line by line erase, up, and to the first column.
const erasing = /^(?:\x1b\[\d*[ABGK])+/

/** From where a drawing has left the cursor to the line below it. */
function belowOf(drawing: string): string {
  const up = [...drawing.matchAll(/\x1b\[(\d+)A/g)].pop()?.[1]
  return '\n'.repeat(Number(up ?? 0) + 1)
}

/** Hands on what is drawn, and tells of it; as wide as what is behind it. */
class Screen extends Writable {
  readonly #behind: NodeJS.WriteStream
  readonly #told: (text: string) => void

  constructor(behind: NodeJS.WriteStream, told: (text: string) => void) {
    super({decodeStrings: false})
    this.#behind = behind
    this.#told = told
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
    const text = chunk.toString()
    this.#told(text)
    this.#behind.write(text)
    done()
  }
}
