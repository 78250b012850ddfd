import {sep} from 'node:path'
import {fileURLToPath} from 'node:url'
import {Config, run, settings} from '@oclif/core'
import {surviveWriting} from '../own-output.ts'
import {endProcess, processHost} from './host.ts'
import {commandTyped} from './typed-command.ts'

/**
 * Runs vpcmd with the arguments as typed. Nothing is thrown: what goes wrong is printed, and the exit code is set.
 */
export async function runVpcmd(argv: string[]): Promise<void> {
  surviveWriting()
  // oclif would look for TypeScript sources beside the build.
  settings.enableAutoTranspile = false
  // Where no shell is named, oclif asks the system, which fails for a user without an entry, as containers have. ssh takes
  // this one then, too.
  if (sep === '/') processHost.env.SHELL ??= '/bin/sh'
  try {
    // No plugins: what lies in a folder of the user's would run with all that the API key may do.
    const config = await Config.load({root: fileURLToPath(import.meta.url), userPlugins: false, devPlugins: false})
    const command = await commandTyped(config, argv, processHost)
    if (command) await run(command, config)
  } catch (error) {
    const {reportAsked, reportError} = await import('./report-error.ts')
    processHost.exitCode = await reportError(error, reportAsked(argv, processHost.secrets), processHost)
  }
  // What was asked for is done: nobody waits for the search of an ID that is still going on in other regions.
  await endProcess()
}
