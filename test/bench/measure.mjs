// Runs what is measured, in turn, so that a noisy machine is noisy for all alike.
import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

export const here = name => fileURLToPath(new URL(name, import.meta.url))
export const vpcmd = here('../../dist/main.cjs')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-bench-'))
process.on('exit', () => rmSync(folder, {recursive: true, force: true}))
const memoryFile = join(folder, 'memory')

const hasCores = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/** A command that runs on a core of its own, where that can be had; the server and who asks it then keep off each other. */
const onCore = (core, file, args) =>
  hasCores ? ['taskset', ['--cpu-list', String(core), file, ...args]] : [file, args]

/** The environment of all contenders: a home of its own, and nothing of the caller's cloud. */
export const base = {
  PATH: process.env.PATH,
  HOME: folder,
  XDG_CACHE_HOME: join(folder, 'cache'),
  XDG_STATE_HOME: join(folder, 'state'),
}

/** How often each contender runs: BENCH_RUNS, or so many. */
export const roundsOr = count => Number(process.env.BENCH_RUNS ?? count)

/** A contender that runs on Node. */
export const node = (name, args, env = base) => ({name, file: process.execPath, args, env})

const surroundings = env => ({...env, BENCH_FOLDER: folder, BENCH_MEMORY_FILE: memoryFile})
const preload = args => (args[0] === '-e' ? [] : ['--require', here('report-memory.cjs')])
const lastMemory = () => Number(readFileSync(memoryFile, 'utf8').trim().split('\n').at(-1))

/** Runs a command to its end: how long it took (ms), its peak memory (kB, Node only) and what it printed. */
export function run(file, args, env) {
  const isNode = file === process.execPath
  const startedAt = performance.now()
  const {status, stdout, stderr} = spawnSync(...onCore(1, file, [...(isNode ? preload(args) : []), ...args]), {
    env: surroundings(env),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  const ms = performance.now() - startedAt
  if (status !== 0) throw new Error(`${[file, ...args].join(' ')} ended with ${status}: ${stderr}`)
  return {ms, kilobytes: isNode && args[0] !== '-e' ? lastMemory() : undefined, stdout}
}

/**
 * Runs a command of Node that prints JSON lines or IDs, and reads them as they come: how long it took until the first byte and
 * in all (ms), its peak memory (kB), and the IDs that it printed, sorted.
 */
export async function runLines({args, env}) {
  const startedAt = performance.now()
  const child = spawn(...onCore(1, process.execPath, [...preload(args), ...args]), {
    env: surroundings(env),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise(resolve => child.on('close', resolve))
  let firstMs
  const pieces = []
  child.stdout.on('data', piece => {
    firstMs ??= performance.now() - startedAt
    pieces.push(piece)
  })
  const status = await ended
  const ms = performance.now() - startedAt
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`)
  // After the clock has stopped; in pieces, as the whole may be longer than a string can be.
  const ids = idsIn(pieces)
  return {ms, firstMs, kilobytes: lastMemory(), ids}
}

function idsIn(pieces) {
  const ids = []
  let rest = Buffer.alloc(0)
  for (const piece of pieces) {
    const text = Buffer.concat([rest, piece])
    const end = text.lastIndexOf('\n') + 1
    for (const line of text.subarray(0, end).toString('utf8').split('\n'))
      if (line) ids.push(line.startsWith('{') ? JSON.parse(line).id : line)
    rest = text.subarray(end)
  }
  return ids.sort()
}

export const median = values => [...values].sort((a, b) => a - b)[values.length >> 1]

/** How many times as long, or as much, something takes as something else that ran beside it, round by round. */
export const ratioOf = (mine, theirs) => median(mine.map((value, round) => value / theirs[round]))

/** Runs contenders in turn; gives the times of each round (ms) and the median of the peak memory (MB) by name. */
export function measure(contenders, rounds) {
  const taken = contenders.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, {file, args, env}] of contenders.entries()) taken[index].push(run(file, args, env))
  }
  return Object.fromEntries(
    contenders.map(({name}, index) => [
      name,
      {
        all: taken[index].map(({ms}) => ms),
        ms: median(taken[index].map(({ms}) => ms)),
        megabytes: median(taken[index].map(({kilobytes = Number.NaN}) => kilobytes)) / 1024,
      },
    ]),
  )
}

/** A figure and its limit, as columns of a table: `figure` is its text where the number alone does not say enough. */
export const limitTo = (value, most, figure = value.toFixed(2)) => ({
  figure,
  limit: `<= ${most}`,
  holds: value <= most ? 'yes' : 'no',
})
export const atLeast = (value, least, figure = value.toFixed(2)) => ({
  figure,
  limit: `>= ${least}`,
  holds: value >= least ? 'yes' : 'no',
})
export const noLimit = figure => ({figure, limit: '-', holds: '-'})

/** Prints a table of figures; the process ends with 1 where a limit does not hold. */
export function report(title, rows) {
  console.log(`${title} On Node ${process.version}.`)
  console.table(rows)
  if (rows.some(({holds}) => holds === 'no')) process.exitCode = 1
}

/** Starts the sandbox as a process of its own, in this process's environment or another. */
export async function startSandbox(args, env = process.env) {
  const server = spawn(...onCore(0, process.execPath, [vpcmd, 'sandbox', 'start', '--json', ...args]), {
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  })
  const ended = new Promise(resolve => server.on('close', resolve))
  let text = ''
  for await (const chunk of server.stdout) {
    text += chunk
    if (text.trimEnd().endsWith('}')) break
  }
  return {
    environment: JSON.parse(text).environment,
    stop: () => {
      server.kill('SIGTERM')
      return ended
    },
  }
}
