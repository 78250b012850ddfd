#!/usr/bin/env node
import {readFileSync} from 'node:fs'

const argv = process.argv.slice(2)
const quickAnswer = version(argv) ?? help(argv)
if (quickAnswer !== undefined) {
  surviveWriting()
  process.stdout.write(quickAnswer)
} else if (!(await runsQuickly(argv))) {
  const {runVpcmd} = await import('./command-line/run-vpcmd.ts')
  await runVpcmd(argv)
}

// Some answers that people and boot scripts wait for are worth no framework: loading it would take most of the time.

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

/** Whether the metadata service of this instance was asked, and answered; false where it takes the framework to tell. */
async function runsQuickly(args: string[]): Promise<boolean> {
  if (args[0] !== 'imds') return false
  const {runQuickly} = await import('./command-line/quick-imds.ts')
  const isAnswered = runQuickly(args)
  // While the service is being waited for.
  surviveWriting()
  return isAnswered
}

/** A reader that closes the pipe is no error; any other reason why the output can't be written is. */
function surviveWriting(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    process.exitCode = 1
    process.stderr.write(`Error: The output could not be written (${error.code}).\n`)
  })
}
