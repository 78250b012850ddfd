import {powershellScript} from './powershell-script.ts'
import {shellScript} from './shell-script.ts'

export const scriptShells = ['sh', 'powershell'] as const
export type ScriptShell = (typeof scriptShells)[number]

export interface ScriptOptions {
  shell: ScriptShell
  /** Paths of the metadata API as parseMetadataPath gives them. At least one, but with `user-data`. */
  paths: string[]
  /** Where the service is, an origin as parseEndpoint gives it; without it the script tries what is known, in turn. */
  endpoint?: string
  /** The protocol that is tried first where there is no endpoint; the other one costs seconds of silence. */
  protocol?: string
  /**
   * What the script prints, `document` without: one JSON object with a member for each path, the path as its name and
   * the service's answer as its value (`{"instance":{…},"instance/initialization":{…}}`). `answer` is the answer for
   * the one path alone; `user-data` the bytes of the user data alone.
   */
  output?: 'document' | 'answer' | 'user-data'
}

/**
 * A script that gets an identity token and reads paths of the metadata API, with a POSIX shell and curl or with PowerShell
 * alone. It prints all or nothing to stdout: on failure there is a line on stderr, and the exit code is 1, or 4 where
 * there is no user data. The token is in no argument of any process. The JSON is as the service gave it: binary user data
 * stays escaped in it.
 */
export function metadataScript(options: ScriptOptions): string {
  return options.shell === 'sh' ? shellScript(options) : powershellScript(options)
}
