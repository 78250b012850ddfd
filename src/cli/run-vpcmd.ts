import {fileURLToPath} from 'node:url'
import {Config, run, settings} from '@oclif/core'
import {endProcess, type Host, processHost, surviveWriting} from './host.ts'

/**
 * Runs vpcmd with the arguments as typed. Nothing is thrown: what goes wrong is printed, and the exit code is set.
 */
export async function runVpcmd(argv: string[]): Promise<void> {
  surviveWriting()
  // oclif would look for TypeScript sources beside the build.
  settings.enableAutoTranspile = false
  try {
    // No plugins: what lies in a folder of the user's would run with all that the API key may do.
    const config = await Config.load({root: fileURLToPath(import.meta.url), userPlugins: false, devPlugins: false})
    await run(await asTyped(config, argv, processHost), config)
  } catch (error) {
    const {asksForJson, reportError} = await import('./report-error.ts')
    const options = {json: asksForJson(argv), debug: argv.includes('--debug'), secrets: processHost.secrets}
    processHost.exitCode = await reportError(error, options, processHost)
  }
  // What was asked for is done: nobody waits for the search of an ID that is still going on in other regions.
  await endProcess()
}

/** What oclif is to run: `vpcmd` alone on a terminal is the console, `vpcmd help X` is `vpcmd X --help`. */
export async function asTyped(
  config: Config,
  [first, ...rest]: string[],
  {stdin, stderr}: Pick<Host, 'stdin' | 'stderr'>,
): Promise<string[]> {
  const isOnTerminal = stdin.isTTY && stderr.isTTY
  if (first === undefined) return isOnTerminal ? ['console'] : ['--help']
  if (first === 'help') return [...rest, '--help']
  if (first === '-h') return ['--help']
  if (first.startsWith('-')) return first === '--help' ? [first, ...rest] : ['console', first, ...rest]
  const words = [first, ...rest.slice(0, 1).filter(word => !word.startsWith('-'))]
  const isKnown = words.some((_, index) => config.findCommand(words.slice(0, index + 1).join(':')))
  if (isKnown || (words.length === 1 && config.findTopic(first))) return [first, ...rest]
  const [{usageError}, {nearestName}] = await Promise.all([import('../errors.ts'), import('../nearest-name.ts')])
  const names = config.commandIDs.map(id => id.replaceAll(':', ' '))
  const nearest = nearestName(words.join(' '), names) ?? names.find(name => name.startsWith(`${first} `))
  throw usageError(
    `Unknown command: vpcmd ${words.join(' ')}.`,
    nearest
      ? `Did you mean vpcmd ${nearest}? See all commands with vpcmd --help.`
      : 'See all commands with vpcmd --help.',
  )
}
