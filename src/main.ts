#!/usr/bin/env node
import {readFileSync} from 'node:fs'
import {fewestOpenFiles, openFileLimit} from './files/open-file-limit.ts'

const argv = process.argv.slice(2)
const quickAnswer = version(argv) ?? help(argv)
if (quickAnswer !== undefined) {
  surviveWriting()
  process.stdout.write(quickAnswer)
} else if (!(await runsQuickly(argv))) {
  if (openFileLimit(fewestOpenFiles) < fewestOpenFiles) refuseToStart(argv)
  else {
    const {runVpcmd} = await import('./command-line/run-vpcmd.ts')
    await runVpcmd(argv)
  }
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

/** A module that finds no room in the middle of a change would end it there. */
function refuseToStart(args: string[]): void {
  const message = `vpcmd needs ${fewestOpenFiles} open files at least, and this process may have fewer: nothing was sent.`
  const hint = 'Raise the limit: ulimit -n 1024'
  const asksForJson = /(^| )(--json|(-o|--output)[ =]?jsonl?)( |$)/.test(args.join(' '))
  process.exitCode = 1
  surviveWriting()
  if (asksForJson) process.stdout.write(`${JSON.stringify({error: {code: 'too_few_files', message, hint}})}\n`)
  else process.stderr.write(`Error: ${message}\n${hint}\n`)
}

/** A reader that closes the pipe is no error; any other reason why the output can't be written is. */
function surviveWriting(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    process.exitCode = 1
    process.stderr.write(`Error: The output could not be written (${error.code}).\n`)
  })
}
