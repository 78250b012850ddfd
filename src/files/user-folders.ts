import {platform, userInfo} from 'node:os'
import {isAbsolute, join} from 'node:path'

// All paths of the XDG Base Directory Specification are absolute, and others are ignored
// (specifications.freedesktop.org/basedir-spec).

/** Vpcmd's folder for what it must remember; undefined where the user has no home. */
export function stateFolder(env: NodeJS.ProcessEnv): string | undefined {
  const given = absolute(env.XDG_STATE_HOME)
  if (given) return join(given, 'vpcmd')
  const local = platform() === 'win32' ? absolute(env.LOCALAPPDATA) : undefined
  if (local) return join(local, 'vpcmd', 'state')
  const home = homeFolder(env)
  return home && join(home, '.local', 'state', 'vpcmd')
}

/** Vpcmd's folder for what it can do without; undefined where the user has no home. */
export function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const home = homeFolder(env)
  if (platform() === 'darwin') return home && join(home, 'Library', 'Caches', 'vpcmd')
  const given = absolute(env.XDG_CACHE_HOME)
  if (given) return join(given, 'vpcmd')
  const local = platform() === 'win32' ? absolute(env.LOCALAPPDATA) : undefined
  if (local) return join(local, 'vpcmd')
  return home && join(home, '.cache', 'vpcmd')
}

/** The file of vpcmd's settings, whether it is there or not; undefined where the user has no home. */
export function configFile(env: NodeJS.ProcessEnv): string | undefined {
  const given = absolute(env.XDG_CONFIG_HOME) ?? (platform() === 'win32' ? absolute(env.APPDATA) : undefined)
  const home = homeFolder(env)
  const folder = given ?? (home && join(home, '.config'))
  return folder && join(folder, 'vpcmd', 'config.yaml')
}

/** The home folder: as the environment says, else as the system does; undefined where there is none. */
export function homeFolder(env: NodeJS.ProcessEnv): string | undefined {
  const given = absolute(env.HOME) ?? (platform() === 'win32' ? absolute(env.USERPROFILE) : undefined)
  if (given) return given
  try {
    // Not os.homedir(), which takes HOME as it is.
    return absolute(userInfo().homedir)
  } catch {
    // A user without an entry, as containers have.
    return undefined
  }
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined
}
