import {powershellScript} from './powershell-script.ts'
import type {ScriptOptions} from './script-options.ts'
import {shellScript} from './shell-script.ts'

/**
 * A script that gets an identity token and reads paths of the metadata API, with a POSIX shell and curl or with PowerShell
 * alone. It prints all or nothing to stdout: on failure there is a line on stderr, and the exit code is 1, or 4 where
 * there is no user data. The token is in no argument of any process. The JSON is as the service gave it: binary user data
 * stays escaped in it.
 */
export function metadataScript(options: ScriptOptions): string {
  return options.shell === 'sh' ? shellScript(options) : powershellScript(options)
}
