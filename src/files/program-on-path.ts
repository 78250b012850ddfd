import {access, constants, stat} from 'node:fs/promises'
import {platform} from 'node:os'
import {delimiter, isAbsolute, join} from 'node:path'

/**
 * The file of a program, in folders of PATH alone that are named in full: what lies in the current folder may be anybody's.
 * Undefined where there is none.
 */
export async function programOnPath(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const fileName = platform() === 'win32' ? `${name}.exe` : name
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter).filter(isAbsolute)) {
    const program = join(folder, fileName)
    const isProgram = await Promise.all([stat(program), access(program, constants.X_OK)]).then(
      ([there]) => there.isFile(),
      () => false,
    )
    if (isProgram) return program
  }
  return undefined
}
