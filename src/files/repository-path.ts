import {existsSync} from 'node:fs'
import {dirname, isAbsolute, join, relative, resolve, sep} from 'node:path'

/**
 * A file's path within its Git repository, with `/`; else within GITHUB_WORKSPACE, if it is there. Undefined where it is
 * in neither. Looks for `.git` upwards, which is a folder, or a file in a worktree or submodule (gitrepository-layout(5)).
 */
export function pathInRepository(file: string, env: NodeJS.ProcessEnv): string | undefined {
  const absolute = resolve(file)
  const root = rootAbove(dirname(absolute)) ?? env.GITHUB_WORKSPACE
  if (!root) return undefined
  const path = relative(root, absolute)
  return isAbsolute(path) || path.split(sep)[0] === '..' ? undefined : path.split(sep).join('/')
}

function rootAbove(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder
  const parent = dirname(folder)
  return parent === folder ? undefined : rootAbove(parent)
}
