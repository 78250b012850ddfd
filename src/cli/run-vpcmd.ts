import {fileURLToPath} from 'node:url'
import {Config, run, settings} from '@oclif/core'
import {exitCodes} from '../errors.ts'
import {knownSecrets} from '../secrets.ts'
import {type Host, processHost} from './host.ts'

/**
 * Runs vpcmd with the arguments as typed. Nothing is thrown: what goes wrong is printed, and the exit code is set.
 */
export async function runVpcmd(argv: string[]): Promise<void> {
  // oclif's own listener on stdout throws whatever is not EPIPE, in the middle of what is under way.
  process.stdout.removeAllListeners('error')
  for (const stream of [process.stdout, process.stderr]) stream.on('error', survive)
  // oclif would look for TypeScript sources beside the build.
  settings.enableAutoTranspile = false
  try {
    // No plugins: what lies in a folder of the user's would run with all that the API key may do.
    const config = await Config.load({root: fileURLToPath(import.meta.url), userPlugins: false, devPlugins: false})
    await run(await asTyped(config, argv, processHost), config)
  } catch (error) {
    const {asksForJson, reportError} = await import('./report-error.ts')
    const options = {json: asksForJson(argv), debug: argv.includes('--debug'), secrets: knownSecrets}
    process.exitCode = await reportError(error, options, processHost)
  }
  // What was asked for is done: nobody waits for the search of an ID that is still going on in other regions.
  await Promise.all([process.stdout, process.stderr].map(written))
  process.exit()
}

let isLossTold = false

/**
 * What could not be printed does not stop what is under way: it may be a change. A reader that closes the pipe, as `head`
 * does, is no error at all. A code that says what is wrong stays; one that says what was found would vouch for the output.
 */
function survive(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || isLossTold) return
  isLossTold = true
  if (!process.exitCode || process.exitCode === exitCodes.notCompliant) process.exitCode = exitCodes.failed
  process.stderr.write(`Error: Can't write the output (${error.code}).\n`)
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => {
    stream.write('', () => resolve())
  })
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
