import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {folderTrouble, makePrivateFolder} from './private-file.ts'
import {cacheFolder, homeFolder} from './user-folders.ts'

/**
 * Lets Node keep the code that it compiles, for the next command: `enable` is its module.enableCompileCache. Node believes
 * what lies there, so only a folder that nobody else can write to will do. Never an error: vpcmd does without.
 */
export async function keepCompiledCode(enable: (folder: string) => unknown, env: NodeJS.ProcessEnv): Promise<void> {
  const cache = cacheFolder(env)
  if (!cache || folderTrouble(cache)) return
  // With sudo, HOME may still be the caller's: what root made there would keep them from their own cache.
  const home = homeFolder(env)
  if (home && folderTrouble(home)) return
  const folder = join(cache, 'compiled')
  try {
    if (!existsSync(folder)) await makePrivateFolder(folder)
    if (!folderTrouble(folder)) enable(folder)
  } catch {
    // A disk that is full or read-only, or a file in the way.
  }
}
