import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process'
import {closeSync, constants as fileConstants, openSync, readFileSync} from 'node:fs'
import {constants} from 'node:os'
import {join} from 'node:path'
import type {Readable, Writable} from 'node:stream'
import type {PseudoTtyInfo, ServerChannel, Session} from 'ssh2'
import {type InstanceHome, quoted} from './instance-home.ts'
import {ownEnvironment, signalGroup} from './own-process.ts'

/** The words that run a line of a POSIX shell on a pseudo-terminal of its own. */
export type Terminal = (line: string) => [program: string, ...args: string[]]

// A pseudo-terminal takes native code, and script(1) is what every Linux and macOS has of it: util-linux's, then BSD's.
const terminals: Terminal[] = [
  line => ['script', '-qefc', line, '/dev/null'],
  line => ['script', '-q', '/dev/null', '/bin/sh', '-c', line],
]

/** How this machine gives a program a pseudo-terminal; undefined where it has no script(1) that hands on exit codes. */
export async function findTerminal(): Promise<Terminal | undefined> {
  const codes = await Promise.all(terminals.map(terminal => exitCodeOf(...terminal('exit 7'))))
  return terminals[codes.indexOf(7)]
}

function exitCodeOf(program: string, ...args: string[]): Promise<number | null> {
  return new Promise(resolve => {
    const child = spawn(program, args, {stdio: 'ignore', env: {...ownEnvironment(), SHELL: '/bin/sh'}})
    child.on('error', () => resolve(null))
    child.on('exit', resolve)
  })
}

/** What runs for those who are logged in. */
export class Sessions {
  readonly #children = new Set<ChildProcessWithoutNullStreams>()
  #count = 0

  /** Serves a session of ssh with shells and commands of this machine, and ends them when it ends. */
  serve(session: Session, home: InstanceHome, terminal: Terminal | undefined): void {
    const env = {...home.env}
    const ttyFile = join(home.folder, `tty-${++this.#count}`)
    let wanted: PseudoTtyInfo | undefined
    let child: ChildProcessWithoutNullStreams | undefined
    // Where no answer is wanted, ssh2 gives no function to answer with.
    const answer = (isTaken: boolean, accept?: () => void, reject?: () => void) => (isTaken ? accept : reject)?.()
    session.on('env', (accept, reject, {key, val}) => {
      const isTaken = /^[A-Za-z_]\w*$/.test(key) && !(key in home.env)
      if (isTaken) env[key] = val
      answer(isTaken, accept, reject)
    })
    session.on('pty', (accept, reject, info) => {
      wanted = info
      if (info.term !== undefined) env.TERM = info.term
      // Refused, the client goes on without one, and leaves its own terminal to edit lines.
      answer(terminal !== undefined, accept, reject)
    })
    session.on('window-change', (accept, reject, {rows, cols}) => {
      answer(true, accept, reject)
      if (child) resize(ttyFile, rows, cols)
    })
    session.on('signal', (accept, reject, {name}) => {
      const signal = `SIG${name}`
      answer(signal in constants.signals, accept, reject)
      if (child && signal in constants.signals) this.#signal(child, signal as NodeJS.Signals)
    })
    const start = (stream: ServerChannel, command: string | undefined) => {
      const shell = home.env.SHELL ?? '/bin/sh'
      const own = shell.endsWith('/bash') ? ['--noprofile', '--norc'] : []
      const isTyped = command === undefined && wanted !== undefined
      const words = [shell, ...own, ...(command === undefined ? (isTyped ? ['-i'] : []) : ['-c', command])]
      if (isTyped) stream.write(home.greeting.replaceAll('\n', '\r\n'))
      const started =
        wanted && terminal
          ? this.#run(terminal(onTerminal(words, {ttyFile, ...wanted, prompt: home.env.PS1})), env)
          : this.#run(words as [string, ...string[]], env)
      child = started
      connect(started, stream, () => this.#signal(started, 'SIGKILL'))
    }
    session.on('shell', accept => start(accept(), undefined))
    session.on('exec', (accept, _reject, {command}) => start(accept(), command))
  }

  /** Ends everything at once. */
  end(): void {
    for (const child of this.#children) this.#signal(child, 'SIGKILL')
  }

  #run([program, ...args]: [string, ...string[]], env: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams {
    // In a process group of its own, so that what it starts ends with it.
    const child = spawn(program, args, {env, cwd: env.HOME, stdio: 'pipe', detached: true})
    this.#children.add(child)
    child.on('close', () => this.#children.delete(child))
    return child
  }

  /** Signals what runs and all that it has started, unless it has ended: the number of its group may be another's by then. */
  #signal(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
    if (child.pid === undefined || !this.#children.has(child)) return
    try {
      signalGroup(child.pid, signal)
    } catch {
      // It has just ended.
    }
  }
}

/** A line that gives the terminal its size, tells its name, and becomes the program. A bash on the way drops the prompt. */
function onTerminal(
  words: string[],
  {ttyFile, rows, cols, prompt = '$ '}: {ttyFile: string; rows: number; cols: number; prompt?: string},
): string {
  const size = rows > 0 && cols > 0 ? ` rows ${rows} cols ${cols}` : ''
  return `stty sane${size} 2>/dev/null; tty >${quoted(ttyFile)}; export PS1=${quoted(prompt)}; exec ${words.map(quoted).join(' ')}`
}

function resize(ttyFile: string, rows: number, cols: number): void {
  let tty: number
  try {
    tty = openSync(readFileSync(ttyFile, 'utf8').trim(), fileConstants.O_RDWR | fileConstants.O_NOCTTY)
  } catch {
    // The program has not begun yet, or has ended.
    return
  }
  spawn('stty', ['rows', String(rows), 'cols', String(cols)], {stdio: [tty, 'ignore', 'ignore']}).on(
    'error',
    () => undefined,
  )
  closeSync(tty)
}

/** Hands on what goes in and out, and how it ends. `onGone` is called when nobody waits for it any more. */
function connect(child: ChildProcessWithoutNullStreams, stream: ServerChannel, onGone: () => void): void {
  const {stdin, stdout, stderr} = child
  let written = Promise.resolve()
  // ssh2 keeps what waited for room in the window, and would send it again in place of what waits next.
  const forget = () => {
    Object.assign(stream, {_chunk: undefined, _chunkcb: undefined, _chunkErr: undefined, _chunkcbErr: undefined})
  }
  // One after the other: where both wait for room in the window, ssh2 goes on with one of them alone.
  const hand = (from: Readable, to: Writable) => {
    from.on('data', chunk => {
      from.pause()
      written = written.then(() => new Promise<void>(resolve => to.write(chunk, () => resolve()))).then(forget)
      written.then(() => from.resume())
    })
  }
  const finish = (end: number | string) => {
    written.then(() => {
      stream.exit(end as number)
      stream.end()
    })
  }
  child.on('error', error => {
    stream.stderr.write(`${error.message}\n`)
    finish(127)
  })
  child.on('close', (code, signal) => finish(code ?? signal ?? 1))
  stream.on('close', () => {
    onGone()
    for (const each of [stdout, stderr]) each.destroy()
  })
  // Either end may be gone before the other.
  for (const each of [stream, stream.stderr, stdin]) each.on('error', () => undefined)
  stream.pipe(stdin)
  hand(stdout, stream)
  hand(stderr, stream.stderr)
}
