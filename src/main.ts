#!/usr/bin/env node
import {readFileSync} from 'node:fs'

const argv = process.argv.slice(2)
const quickAnswer = version(argv) ?? help(argv)
if (quickAnswer !== undefined) {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 1
  })
  process.stdout.write(quickAnswer)
} else {
  const {runVpcmd} = await import('./run-vpcmd.ts')
  await runVpcmd(argv)
}

// Two answers that people wait for often are worth no framework: loading it would take most of the time.

function version([flag]: string[]): string | undefined {
  if (flag !== '--version' && flag !== '-v') return undefined
  const {name, version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return `${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`
}

/** The help that the build has drawn for 80 columns; undefined where it takes the framework to tell. */
function help(args: string[]): string | undefined {
  if (args[0] !== 'help' && !args.includes('--help')) return undefined
  if (process.stdout.isTTY && process.stdout.columns < 80) return undefined
  const words = args.filter((arg, index) => arg !== '--help' && !(index === 0 && arg === 'help'))
  const texts: Record<string, string> = JSON.parse(readFileSync(new URL('./help.json', import.meta.url), 'utf8'))
  const key = words.join(' ')
  return Object.hasOwn(texts, key) ? texts[key] : undefined
}
