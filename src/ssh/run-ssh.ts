import {type ChildProcess, spawn} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {constants} from 'node:os'
import {VpcmdError} from '../errors.ts'
import {programOnPath} from '../files/program-on-path.ts'
import {onContinue, onEnding, onExit, stopJob} from '../signals.ts'

/** Throws VpcmdError where there is none. */
async function sshProgram(env: NodeJS.ProcessEnv): Promise<string> {
  const program = await programOnPath('ssh', env)
  if (program === undefined) throw noSsh()
  return program
}

export interface SshEnd {
  /** ssh's exit code; 128 and the signal's number where a signal ended it. 255 is ssh's own failure. */
  code: number
  /** The end of what it wrote to stderr. */
  said: string
}

/** How much of stderr is kept, in bytes: ssh says at the end why it gave up. */
const keptBytes = 16 * 1024

/** How long to wait for processes that ssh leaves behind with its streams open, in milliseconds. */
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
  const child = spawn(await sshProgram(env), args, {env, stdio: ['inherit', 'inherit', 'pipe']})
  const said = endOf(child.stderr)
  child.stderr.on('data', onStderr)
  // vpcmd ends when ssh does: what ssh makes of the signal decides.
  const stopPassing = onEnding(signal => void child.kill(signal))
  const stopFollowing = followStops(child)
  try {
    const code = await ended(child)
    await drained(child.stderr)
    return {code, said: said()}
  } finally {
    stopFollowing()
    stopPassing()
  }
}

/** How often to look whether ssh is stopped, in milliseconds. */
const stopLookMs = 300

/**
 * Stops vpcmd when ssh stops itself, as it does on `~^Z`: the shell waits for both, and would never come back otherwise.
 * Node does not tell of a child's stop. Linux does, in /proc/PID/stat (proc(5)).
 */
function followStops(child: ChildProcess): () => void {
  const {pid = 0} = child
  const isStopped = () => /\) T \d/.test(readStat(pid))
  const timer = setInterval(() => {
    if (isStopped()) stopJob()
  }, stopLookMs)
  // A shell continues the whole job; whoever continues vpcmd alone means ssh too.
  const stopContinuing = onContinue(() => {
    if (isStopped()) child.kill('SIGCONT')
  })
  return () => {
    clearInterval(timer)
    stopContinuing()
  }
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return ''
  }
}

/** Throws VpcmdError where there is no ssh: before something is done that is of no use without. */
export async function checkSsh(env: NodeJS.ProcessEnv): Promise<void> {
  await ended(spawn(await sshProgram(env), ['-V'], {env, stdio: 'ignore'}))
}

/**
 * Runs the system's `ssh` without a terminal: `input` is its stdin, and its stdout is returned. `signal` ends it. Throws
 * VpcmdError where there is no ssh, and where more than `limit` bytes come.
 */
export async function captureSsh(
  args: readonly string[],
  {env, input, limit, signal}: {env: NodeJS.ProcessEnv; input: string; limit: number; signal?: AbortSignal},
): Promise<SshEnd & {stdout: Buffer}> {
  const child = spawn(await sshProgram(env), args, {env, stdio: 'pipe', signal})
  // Nobody else would end it.
  child.once(
    'close',
    onExit(() => void child.kill()),
  )
  const said = endOf(child.stderr)
  const chunks: Buffer[] = []
  let size = 0
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
  return {code, said: said(), stdout: Buffer.concat(chunks)}
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => reject(startFailure(error)))
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}

function noSsh(): VpcmdError {
  return new VpcmdError({
    code: 'ssh_not_found',
    message: 'There is no ssh on the PATH.',
    hint: 'Install the OpenSSH client; vpcmd connect INSTANCE --print shows the command line to run elsewhere.',
  })
}

function startFailure(error: NodeJS.ErrnoException): VpcmdError {
  if (error.name === 'AbortError')
    return new VpcmdError({code: 'timeout', message: 'ssh took too long, and was stopped.'})
  if (error.code === 'ENOENT') return noSsh()
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

/** Keeps the last of what a stream gives. */
function endOf(stream: NodeJS.ReadableStream): () => string {
  let end = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    end = Buffer.concat([end, chunk]).subarray(-keptBytes)
  })
  return () => end.toString('utf8')
}
