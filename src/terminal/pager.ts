import {accessSync, constants} from 'node:fs'
import {platform} from 'node:os'
import {delimiter, join} from 'node:path'
import {rowsOf} from './text.ts'

/** A program that shows a person what is too long for the screen. */
export interface Pager {
  /** Resolves once it is taken: to false where the reader has left, and nothing more is read. */
  write(text: string | Uint8Array): Promise<boolean>
  /**
   * Waits until the reader has left. Resolves to what has to be printed all the same, as the pager failed and showed
   * nothing: empty where it showed what it got.
   */
  close(): Promise<Buffer>
}

/** The pager that is asked for, as a line of the shell; undefined for none: on a dumb terminal, or `cat`, or an empty one. */
export function pagerCommand(env: NodeJS.ProcessEnv): string | undefined {
  const command = (env.VPCMD_PAGER ?? env.PAGER ?? 'less').trim()
  if (command === '' || command === 'cat' || env.TERM === 'dumb') return undefined
  // The shell would say that there is no such program, in place of what was asked for.
  const [, program] = /^([\w./+-]+)(?:\s|$)/.exec(command) ?? []
  return program === undefined || isInstalled(program, env) ? command : undefined
}

function isInstalled(program: string, env: NodeJS.ProcessEnv): boolean {
  const folders = program.includes('/') ? [''] : (env.PATH ?? '').split(delimiter)
  const endings = platform() === 'win32' ? ['.exe', '.cmd', '.bat', ''] : ['']
  return folders.some(folder =>
    endings.some(ending => {
      try {
        accessSync(join(folder, program + ending), constants.X_OK)
        return true
      } catch {
        return false
      }
    }),
  )
}

/** Whether text takes more rows of a terminal than it has, of which the last one is the shell's. */
export function isTaller(text: string, {columns, rows}: {columns: number; rows: number}): boolean {
  return rowsOf(text.replace(/\n$/, '').split('\n', rows), columns) >= rows
}

/** More than any pager takes before it shows something: one that has taken it works. */
const mostKept = 4_000_000

/** Starts a pager, as git does: by the shell, and less with settings of its own unless LESS has others. */
export function openPager(command: string, env: NodeJS.ProcessEnv): Pager {
  // Loaded with the first pager only.
  const {spawn} = process.getBuiltinModule('node:child_process')
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: {...env, LESS: env.LESS ?? 'FRX', LV: env.LV ?? '-c'},
  })
  let kept: Buffer[] = []
  let keptBytes = 0
  let isGone = false
  const ended = new Promise<boolean>(resolve => {
    child.on('error', () => resolve(false))
    child.on('close', code => resolve(code === 0 || code === null))
  }).finally(() => {
    isGone = true
  })
  child.stdin.on('error', () => undefined)
  return {
    async write(text) {
      const bytes = typeof text === 'string' ? Buffer.from(text) : Buffer.from(text)
      keptBytes += bytes.length
      if (keptBytes > mostKept) kept = []
      else kept.push(bytes)
      if (isGone) return false
      const taken = new Promise<boolean>(resolve => child.stdin.write(bytes, error => resolve(!error)))
      return Promise.race([taken, ended.then(() => false)])
    },
    async close() {
      child.stdin.end()
      return (await ended) ? Buffer.alloc(0) : Buffer.concat(kept)
    },
  }
}
