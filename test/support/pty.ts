import type {EventEmitter} from 'node:events'
import {readSync} from 'node:fs'
import {type IPty, spawn} from '@lydell/node-pty'
import xterm from '@xterm/headless'
import {TestRunner} from 'vitest'

export const keys = {
  up: '\x1b[A',
  down: '\x1b[B',
  enter: '\r',
  esc: '\x1b',
  space: ' ',
  backspace: '\x7f',
  tab: '\t',
  ctrlA: '\x01',
  ctrlN: '\x0e',
  ctrlT: '\x14',
  ctrlC: '\x03',
  ctrlD: '\x04',
} as const

export interface Pty {
  /** What is on the screen now, without spaces at the ends of lines. */
  screen(): string
  /** The screen and what has scrolled off it. */
  everything(): string
  /** All that the program wrote, with its escape sequences. */
  written(): string
  cursorVisible(): boolean
  /**
   * Resolves when the screen shows `wanted`, or the predicate says yes to it; rejects with the screen when it does not
   * come in time (three quarters of what the test has), and at once when the program has ended without it.
   */
  waitFor(wanted: Wanted, timeoutMs?: number): Promise<void>
  /** Types. What is typed after the program has ended goes nowhere. */
  write(text: string): void
  /** Types once the screen shows `wanted`, as `waitFor` knows it. */
  reply(wanted: Wanted, text: string): Promise<void>
  /** Resolves when the program has ended and all it printed is on the screen; `signal` only where one ended it. */
  exit: Promise<{exitCode: number; signal?: number}>
  /** Sends a signal, SIGKILL unless another is named, as long as the program runs. */
  kill(signal?: NodeJS.Signals): void
  /** Makes the terminal another size. */
  resize(cols: number, rows: number): void
}

type Wanted = string | RegExp | ((screen: string) => boolean)

/** What a terminal sends where a text is pasted, if the program asked to be told. */
export function pasted(text: string): string {
  return `\x1b[200~${text}\x1b[201~`
}

/** Runs a program in a real pseudo-terminal, with a terminal emulator behind it that shows what a person would see. */
export function startPty(
  file: string,
  args: string[],
  options: {cols?: number; rows?: number; env: Record<string, string>; cwd?: string},
): Pty {
  const {cols = 100, rows = 30, env, cwd} = options
  const child = spawn(file, args, {cols, rows, env, cwd, name: 'xterm-256color'}) as IPty & Master
  let exited = false
  const write = (data: string) => {
    if (!exited) child.write(data)
  }
  const screen = createScreen({cols, rows, reply: write})
  child.onData(screen.draw)
  child._socket.once('end', () => screen.draw(readRest(child.fd)))
  const ended = new Promise<{exitCode: number; signal?: number}>(resolve => {
    child.onExit(({exitCode, signal}) => {
      exited = true
      resolve({exitCode, signal: signal || undefined})
    })
  })
  return {
    ...screen.untilExit(ended, write),
    kill: (signal = 'SIGKILL') => {
      if (!exited) child.kill(signal)
    },
    resize(newCols, newRows) {
      screen.resize(newCols, newRows)
      child.resize(newCols, newRows)
    },
  }
}

/** What node-pty's terminal has and its types leave out: the end that the emulator reads. */
interface Master {
  fd: number
  _socket: EventEmitter
}

/**
 * What a program wrote last. Node takes a terminal whose program is gone for read to the end at the first short read,
 * when the kernel may still hold lines: only EIO is the end.
 */
function readRest(fd: number): string {
  const parts: Buffer[] = []
  const buffer = Buffer.alloc(65_536)
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      parts.push(Buffer.from(buffer.subarray(0, read)))
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error
  }
  return Buffer.concat(parts).toString()
}

interface Screen {
  /** Takes what a program writes. */
  draw(data: string): void
  resize(cols: number, rows: number): void
  /** What a test sees of a program that ends with `ended`, and what it types with `write`. */
  untilExit(
    ended: Promise<{exitCode: number; signal?: number}>,
    write: (text: string) => void,
  ): Omit<Pty, 'kill' | 'resize'>
}

/** A terminal emulator. `reply` gets what a program asks of its terminal, such as where the cursor is. */
export function createScreen({
  cols,
  rows,
  reply,
  convertEol,
}: {
  cols: number
  rows: number
  reply(data: string): void
  /** Whether a line feed also returns, as the driver of a real terminal makes it. */
  convertEol?: boolean
}): Screen {
  const terminal = new xterm.Terminal({cols, rows, scrollback: 10_000, allowProposedApi: true, convertEol})
  let written = ''
  let cursorVisible = true
  // The emulator's parser and not a search of the chunks, which may part a sequence.
  for (const final of ['h', 'l']) {
    terminal.parser.registerCsiHandler({prefix: '?', final}, modes => {
      if (modes.includes(25)) cursorVisible = final === 'h'
      return false
    })
  }
  terminal.onData(reply)
  const lines = (from: number, to: number) => {
    const buffer = terminal.buffer.active
    const text = Array.from(
      {length: to - from},
      (_, index) => buffer.getLine(from + index)?.translateToString(true) ?? '',
    )
    return text.join('\n').trimEnd()
  }
  const screen = () => lines(terminal.buffer.active.baseY, terminal.buffer.active.baseY + terminal.rows)
  return {
    draw(data) {
      written += data
      terminal.write(data)
    },
    resize: (newCols, newRows) => terminal.resize(newCols, newRows),
    untilExit(ended, write) {
      // An empty write: its callback comes after all that was written before.
      const exit = ended.then(
        end => new Promise<Awaited<Pty['exit']>>(resolve => terminal.write('', () => resolve(end))),
      )
      const allowedMs = () => Math.min(30_000, 0.75 * (TestRunner.getCurrentTest()?.timeout ?? 30_000))
      const waitFor: Pty['waitFor'] = (wanted, timeoutMs = allowedMs()) =>
        new Promise((resolve, reject) => {
          const shows = () => {
            if (typeof wanted === 'string') return screen().includes(wanted)
            return typeof wanted === 'function' ? wanted(screen()) : screen().search(wanted) >= 0
          }
          const settle = (settled: () => void) => {
            clearTimeout(timer)
            parsed.dispose()
            settled()
          }
          const check = (failure?: string) => {
            try {
              if (shows()) settle(resolve)
              else if (failure) settle(() => reject(new Error(`${wanted} ${failure}:\n${screen()}`)))
            } catch (error) {
              settle(() => reject(error))
            }
          }
          const parsed = terminal.onWriteParsed(() => check())
          const timer = setTimeout(() => check(`did not come up within ${timeoutMs} ms on this screen`), timeoutMs)
          exit.then(({exitCode}) => check(`was not there when the program ended with ${exitCode}, but this screen`))
          check()
        })
      return {
        screen,
        everything: () => lines(0, terminal.buffer.active.baseY + terminal.rows),
        written: () => written,
        cursorVisible: () => cursorVisible,
        exit,
        waitFor,
        write,
        async reply(wanted, text) {
          await waitFor(wanted)
          write(text)
        },
      }
    },
  }
}
