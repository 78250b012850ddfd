import {spawn} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** The built command line, which `npm test` builds first. */
export const vpcmdPath = fileURLToPath(new URL('../../dist/main.cjs', import.meta.url))

export interface RunResult {
  code: number | null
  stdout: string
  stderr: string
}

const homes: string[] = []

/** Removes the homes of all environments so far. */
export function removeHomes(): void {
  for (const home of homes.splice(0)) rmSync(home, {recursive: true, force: true})
}

/** An environment as on a new machine: a home of its own, and nothing of the caller's cloud, proxies or colours. */
export function freshEnvironment(more: Record<string, string> = {}): Record<string, string> {
  const home = mkdtempSync(join(tmpdir(), 'vpcmd-test-'))
  homes.push(home)
  return {
    PATH: process.env.PATH ?? '',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_STATE_HOME: join(home, 'state'),
    ...more,
  }
}

/** Runs the built vpcmd as a process of its own, without a terminal. */
export function runVpcmd(
  args: string[],
  {env = freshEnvironment(), stdin = ''}: {env?: Record<string, string>; stdin?: string | Buffer} = {},
): Promise<RunResult> {
  return runFile(process.execPath, [vpcmdPath, ...args], env, stdin)
}

/** Runs a line of the shell in which `vpcmd` is the built one. */
export function runShell(line: string, env = freshEnvironment()): Promise<RunResult> {
  return runFile('sh', ['-c', `vpcmd() { "${process.execPath}" "${vpcmdPath}" "$@"; }\n${line}`], env, '')
}

/** Runs a program with an environment of its own, and hands back what it printed. */
export function runFile(
  file: string,
  args: string[],
  env: Record<string, string>,
  stdin: string | Buffer,
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {env})
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', chunk => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', chunk => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', code => resolve({code, stdout, stderr}))
    // A program that has ended reads nothing more: its exit code tells what there is to tell.
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
  })
}
