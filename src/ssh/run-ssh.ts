import {spawn} from 'node:child_process'
import {constants} from 'node:os'
import {VpcmdError} from '../errors.ts'
import {onEnding, onExit} from '../signals.ts'

export interface SshEnd {
  /** ssh's exit code; 128 and the signal's number where a signal ended it. 255 is ssh's own failure. */
  code: number
  /** The end of what it wrote to stderr. */
  said: string
}

/** So much of what ssh says is kept, in bytes: it is at the end that it says why it gave up. */
const keptBytes = 16 * 1024

/** A process may leave others behind that hold its stderr open: so long they are waited for, in milliseconds. */
const lingerMs = 200

/**
 * Runs the system's `ssh` on this terminal: stdin and stdout are its own, what it writes to stderr is handed to `onStderr`
 * as it comes, and signals are passed on. Throws VpcmdError where there is no ssh.
 */
export async function runSsh(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onStderr: (chunk: Buffer) => void,
): Promise<SshEnd> {
  const child = spawn('ssh', args, {env, stdio: ['inherit', 'inherit', 'pipe']})
  const kept = keepEnd(keptBytes)
  child.stderr.on('data', (chunk: Buffer) => {
    kept.add(chunk)
    onStderr(chunk)
  })
  // Its end is ours: what it makes of the signal decides.
  const stopPassing = onEnding(signal => void child.kill(signal))
  try {
    const code = await ended(child)
    await drained(child.stderr)
    return {code, said: kept.text()}
  } finally {
    stopPassing()
  }
}

/** Throws VpcmdError where there is no ssh: before something is done that is of no use without. */
export async function checkSsh(env: NodeJS.ProcessEnv): Promise<void> {
  await ended(spawn('ssh', ['-V'], {env, stdio: 'ignore'}))
}

export interface Captured extends SshEnd {
  stdout: Buffer
}

/**
 * Runs the system's `ssh` without a terminal: `input` is its stdin, and its stdout is returned. `signal` ends it. Throws
 * VpcmdError where there is no ssh, and where more than `limit` bytes come.
 */
export async function captureSsh(
  args: readonly string[],
  {env, input, limit, signal}: {env: NodeJS.ProcessEnv; input: string; limit: number; signal?: AbortSignal},
): Promise<Captured> {
  const child = spawn('ssh', args, {env, stdio: 'pipe', signal})
  // Nobody else would end it.
  child.once(
    'close',
    onExit(() => void child.kill()),
  )
  const kept = keepEnd(keptBytes)
  const chunks: Buffer[] = []
  let size = 0
  child.stderr.on('data', kept.add)
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > limit) child.kill()
    else chunks.push(chunk)
  })
  // An ssh that gives up reads nothing: its exit code says so.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const code = await ended(child)
  await Promise.all([drained(child.stdout), drained(child.stderr)])
  if (size > limit) {
    throw new VpcmdError({code: 'too_much_output', message: `More than ${limit} bytes came back: it was stopped.`})
  }
  return {code, said: kept.text(), stdout: Buffer.concat(chunks)}
}

function ended(child: ReturnType<typeof spawn>): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => reject(startFailure(error)))
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}

function startFailure(error: NodeJS.ErrnoException): VpcmdError {
  if (error.name === 'AbortError')
    return new VpcmdError({code: 'timeout', message: 'It took too long, and was stopped.'})
  if (error.code === 'ENOENT') {
    return new VpcmdError({
      code: 'ssh_not_found',
      message: 'There is no ssh on the PATH.',
      hint: 'Install the OpenSSH client; vpcmd connect INSTANCE --print shows the command line to run elsewhere.',
    })
  }
  return new VpcmdError({code: 'ssh_failed', message: `ssh can't be run: ${error.message}.`})
}

function drained(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise(resolve => {
    // What has come by then is read first, however late the timer is on a busy machine.
    const timer = setTimeout(() => setImmediate(resolve), lingerMs)
    stream.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function keepEnd(bytes: number): {add(chunk: Buffer): void; text(): string} {
  let end = Buffer.alloc(0)
  return {
    add(chunk) {
      end = Buffer.concat([end, chunk]).subarray(-bytes)
    },
    text: () => end.toString('utf8'),
  }
}
