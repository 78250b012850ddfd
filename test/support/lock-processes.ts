import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {createInterface} from 'node:readline'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'

const source = fileURLToPath(new URL('../../src/process-lock.ts', import.meta.url))

/** A process that takes a lock when it is told to, and says what came of it. */
export interface LockProcess {
  child: ChildProcess
  /** `taken`, or why not. Resolves with the process still holding what it took. */
  take(): Promise<string>
  release(): Promise<void>
  kill(): Promise<void>
}

/** Makes a program in `folder` of which each process can take the lock at `path`. */
export async function lockProgram(folder: string, path: string): Promise<(before?: string[]) => Promise<LockProcess>> {
  const built = join(folder, 'process-lock.mjs')
  await build({entryPoints: [source], outfile: built, bundle: true, platform: 'node', format: 'esm', target: 'node20'})
  const program = join(folder, 'take.mjs')
  writeFileSync(
    program,
    `import {createInterface} from 'node:readline'
import {takeLock} from './process-lock.mjs'
let lock
console.log('ready')
for await (const line of createInterface({input: process.stdin})) {
  if (line === 'release') {
    await lock.release()
    console.log('released')
  } else {
    await takeLock(${JSON.stringify(path)}).then(
      taken => {
        lock = taken
        console.log('taken')
      },
      error => console.log(error.message),
    )
  }
}
`,
  )
  return async (before = []) => {
    const [file = '', ...args] = [...before, process.execPath, program]
    const child = spawn(file, args, {stdio: ['pipe', 'pipe', 'inherit']})
    const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]()
    const ask = async (line: string): Promise<string> => {
      child.stdin.write(`${line}\n`)
      return (await lines.next()).value
    }
    await lines.next()
    return {
      child,
      take: () => ask('take'),
      release: async () => {
        await ask('release')
      },
      kill: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const closed = once(child, 'close')
        child.kill('SIGKILL')
        await closed
      },
    }
  }
}
