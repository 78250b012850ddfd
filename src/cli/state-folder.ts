import {join} from 'node:path'
import {VpcmdError} from '../errors.ts'
import {sentence} from '../files/file-trouble.ts'
import {folderTrouble} from '../files/private-file.ts'
import {stateFolder} from '../files/user-folders.ts'

/** Where the sandbox keeps what was changed. Throws VpcmdError where there is no home, or others could write there. */
export function sandboxFolder(env: NodeJS.ProcessEnv): string {
  return ownFolder(env, 'sandbox')
}

/** Where the journals of runs are kept. Throws as sandboxFolder does. */
export function runsFolder(env: NodeJS.ProcessEnv): string {
  return ownFolder(env, 'runs')
}

function ownFolder(env: NodeJS.ProcessEnv, name: string): string {
  const state = stateFolder(env)
  if (!state) {
    throw new VpcmdError({
      code: 'no_home',
      message: 'There is no home folder to keep state in.',
      hint: 'Set HOME, or set XDG_STATE_HOME to an absolute path.',
    })
  }
  const folder = join(state, name)
  for (const each of [state, folder]) {
    const trouble = folderTrouble(each)
    if (!trouble) continue
    throw new VpcmdError({
      code: 'state_not_private',
      message: `vpcmd keeps its state private, but ${trouble.why}: nothing was sent.`,
      hint: `${sentence(trouble.advice ?? '')} Or set XDG_STATE_HOME to another folder.`,
    })
  }
  return folder
}
