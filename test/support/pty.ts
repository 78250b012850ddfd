import {spawn} from '@lydell/node-pty'
import xterm from '@xterm/headless'

export const keys = {
  up: '\x1b[A',
  down: '\x1b[B',
  enter: '\r',
  esc: '\x1b',
  space: ' ',
  backspace: '\x7f',
  ctrlA: '\x01',
  ctrlC: '\x03',
  ctrlD: '\x04',
} as const

export interface Pty {
  /** What is on the screen now, without spaces at the ends of lines. */
  screen(): string
  /** The screen and what has scrolled off it. */
  everything(): string
  cursorVisible(): boolean
  /** Resolves when the screen shows `wanted`; rejects with the screen when it does not come. */
  waitFor(wanted: string | RegExp, timeoutMs?: number): Promise<void>
  write(text: string): void
  exit: Promise<{exitCode: number}>
  kill(): void
}

/** Runs a program in a real pseudo-terminal, with a terminal emulator behind it that shows what a person would see. */
export function startPty(
  file: string,
  args: string[],
  options: {cols?: number; rows?: number; env: Record<string, string>},
): Pty {
  const {cols = 100, rows = 30, env} = options
  const terminal = new xterm.Terminal({cols, rows, scrollback: 10_000, allowProposedApi: true})
  const child = spawn(file, args, {cols, rows, env, name: 'xterm-256color'})
  let cursorVisible = true
  let exited = false
  child.onData(data => {
    for (const [, state] of data.matchAll(/\x1b\[\?25([hl])/g)) cursorVisible = state === 'h'
    terminal.write(data)
  })
  // What a program asks of its terminal, such as where the cursor is, the emulator answers.
  terminal.onData(data => {
    if (!exited) child.write(data)
  })
  const exit = new Promise<{exitCode: number}>(resolve => {
    child.onExit(({exitCode}) => {
      exited = true
      // An empty write: its callback comes after all that was written before.
      terminal.write('', () => resolve({exitCode}))
    })
  })
  const lines = (from: number, to: number) => {
    const buffer = terminal.buffer.active
    const text = Array.from(
      {length: to - from},
      (_, index) => buffer.getLine(from + index)?.translateToString(true) ?? '',
    )
    return text.join('\n').trimEnd()
  }
  const screen = () => lines(terminal.buffer.active.baseY, terminal.buffer.active.baseY + rows)
  return {
    screen,
    everything: () => lines(0, terminal.buffer.active.baseY + rows),
    cursorVisible: () => cursorVisible,
    async waitFor(wanted, timeoutMs = 30_000) {
      const shows = () => (typeof wanted === 'string' ? screen().includes(wanted) : wanted.test(screen()))
      const deadline = Date.now() + timeoutMs
      while (!shows()) {
        if (Date.now() > deadline) throw new Error(`${wanted} did not come up on this screen:\n${screen()}`)
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    write: text => child.write(text),
    exit,
    kill: () => child.kill('SIGKILL'),
  }
}
