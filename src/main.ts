#!/usr/bin/env node
import {Config, run, settings} from '@oclif/core'
import {usageError} from './errors.ts'
import {nearestName, reportError} from './report-error.ts'

// A reader that closes the pipe, as `head` does, is no error. What is under way goes on: it may be a change.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

// oclif would look for TypeScript sources beside the build.
settings.enableAutoTranspile = false

const argv = process.argv.slice(2)
try {
  const config = await Config.load(import.meta.url)
  await run(asTyped(config, argv), config)
} catch (error) {
  const json = argv.includes('--json')
  process.exitCode = await reportError(error, {json, debug: argv.includes('--debug'), secrets: []})
}

/** What oclif is to run: `vpcmd` alone on a terminal is the console, `vpcmd help X` is `vpcmd X --help`. */
function asTyped(config: Config, [first, ...rest]: string[]): string[] {
  const isOnTerminal = process.stdin.isTTY && process.stdout.isTTY && process.stderr.isTTY
  if (first === undefined) return isOnTerminal ? ['console'] : ['--help']
  if (first === 'help') return [...rest, '--help']
  if (first.startsWith('-'))
    return ['--help', '-h', '--version'].includes(first) ? [first, ...rest] : ['console', first, ...rest]
  if (first === '-v') return ['--version']
  const words = [first, ...rest.slice(0, 1).filter(word => !word.startsWith('-'))]
  const isKnown = words.some((_, index) => config.findCommand(words.slice(0, index + 1).join(':')))
  if (isKnown || (words.length === 1 && config.findTopic(first))) return [first, ...rest]
  const names = config.commandIDs.map(id => id.replaceAll(':', ' '))
  const nearest = nearestName(words.join(' '), names) ?? names.find(name => name.startsWith(`${first} `))
  throw usageError(
    `There is no command ${words.join(' ')}.`,
    nearest ? `Did you mean vpcmd ${nearest}? vpcmd --help lists all.` : 'vpcmd --help lists all.',
  )
}
