import {join} from 'node:path'
import {VpcmdError} from '../errors.ts'

/** Where the sandbox keeps what was changed: in the user's state folder (XDG Base Directory Specification). */
export function sandboxFolder(env: NodeJS.ProcessEnv): string {
  return join(stateFolder(env), 'sandbox')
}

/** Where the journals of runs are kept. */
export function runsFolder(env: NodeJS.ProcessEnv): string {
  return join(stateFolder(env), 'runs')
}

function stateFolder(env: NodeJS.ProcessEnv): string {
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'vpcmd')
  if (process.platform === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'vpcmd', 'state')
  const home = env.HOME ?? env.USERPROFILE
  if (!home) {
    throw new VpcmdError({
      code: 'no_home',
      message: 'There is no home folder to keep state in.',
      hint: 'Set HOME or XDG_STATE_HOME.',
    })
  }
  return join(home, '.local', 'state', 'vpcmd')
}
