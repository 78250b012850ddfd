import {Config, run, settings} from '@oclif/core'

/**
 * Runs vpcmd with the arguments as typed. Nothing is thrown: what goes wrong is printed, and the exit code is set.
 */
export async function runVpcmd(argv: string[]): Promise<void> {
  // A reader that closes the pipe, as `head` does, is no error. What is under way goes on: it may be a change.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  // oclif would look for TypeScript sources beside the build.
  settings.enableAutoTranspile = false
  try {
    const config = await Config.load(import.meta.url)
    await run(await asTyped(config, argv), config)
  } catch (error) {
    const {reportError} = await import('./report-error.ts')
    process.exitCode = await reportError(error, {
      json: argv.includes('--json'),
      debug: argv.includes('--debug'),
      secrets: [],
    })
  }
}

/** What oclif is to run: `vpcmd` alone on a terminal is the console, `vpcmd help X` is `vpcmd X --help`. */
async function asTyped(config: Config, [first, ...rest]: string[]): Promise<string[]> {
  const isOnTerminal = process.stdin.isTTY && process.stderr.isTTY
  if (first === undefined) return isOnTerminal ? ['console'] : ['--help']
  if (first === 'help') return [...rest, '--help']
  if (first === '-h') return ['--help']
  if (first.startsWith('-')) return first === '--help' ? [first, ...rest] : ['console', first, ...rest]
  const words = [first, ...rest.slice(0, 1).filter(word => !word.startsWith('-'))]
  const isKnown = words.some((_, index) => config.findCommand(words.slice(0, index + 1).join(':')))
  if (isKnown || (words.length === 1 && config.findTopic(first))) return [first, ...rest]
  const [{usageError}, {nearestName}] = await Promise.all([import('./errors.ts'), import('./report-error.ts')])
  const names = config.commandIDs.map(id => id.replaceAll(':', ' '))
  const nearest = nearestName(words.join(' '), names) ?? names.find(name => name.startsWith(`${first} `))
  throw usageError(
    `There is no command ${words.join(' ')}.`,
    nearest ? `Did you mean vpcmd ${nearest}? vpcmd --help lists all.` : 'vpcmd --help lists all.',
  )
}
