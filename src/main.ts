#!/usr/bin/env node
import {quickAnswer} from './cli/quick-imds.ts'
import {printAndEnd, surviveWriting} from './own-output.ts'
import {knownSecrets} from './secrets.ts'
import {hearSignals, interruptedCode, isFirstProcess} from './signals.ts'

// Old versions of Node have to get as far as the sentence that they are too old: the build writes this file in a syntax
// that Node 12 reads, and it imports nothing that an old one has not got.

const tooOld = refusalOf(process.versions.node)
if (tooOld === undefined) start(process.argv.slice(2))
else {
  process.stderr.write(`Error: ${tooOld}\n`)
  process.exitCode = 1
}

/** Why vpcmd does not run on this version of Node; undefined where it does. */
function refusalOf(node: string): string | undefined {
  const [major, minor] = node.split('.').map(Number)
  if (major === undefined || minor === undefined) return undefined
  const advice = 'install a newer one from https://nodejs.org, or with your package manager.'
  if (major < 20 || (major === 20 && minor < 17)) {
    return `vpcmd needs Node.js 20.17 or later, and this is v${node}: ${advice}`
  }
  // They lack process.getBuiltinModule (Node.js documentation, process: added in v22.3.0 and v20.16.0).
  if (major === 21 || (major === 22 && minor < 3)) {
    return `vpcmd needs Node.js 22.3 or later, or a late 20, and this is v${node}: ${advice}`
  }
  return undefined
}

function start(argv: string[]): void {
  process.on('uncaughtException', endUnexpectedly)
  process.on('unhandledRejection', endUnexpectedly)
  // With these, libraries and Node itself print requests as they are, keys and tokens included. --debug is vpcmd's own.
  if (process.env.NODE_DEBUG) silenceNode()
  for (const name of ['DEBUG', 'NODE_DEBUG', 'VPCMD_DEBUG', 'CLI_FLAGS_DEBUG']) delete process.env[name]
  // Stacks then name the lines of the sources. To read the maps takes time, and only --debug prints stacks.
  if (argv.includes('--debug')) process.setSourceMapsEnabled(true)
  const answer = version(argv) ?? help(argv)
  if (answer !== undefined) printAndEnd(answer)
  else {
    let isDone = false
    // A promise that nothing settles would end the process as if all were well.
    process.once('beforeExit', () => {
      if (!isDone) endUnexpectedly(new Error('nothing was left to wait for before the command was done'))
    })
    run(argv).then(() => {
      isDone = true
    }, endUnexpectedly)
  }
}

async function run(argv: string[]): Promise<void> {
  if (argv[0] === '__complete') return completeWord(argv.slice(1))
  if (await runsQuickly(argv)) return
  hearSignals()
  surviveWriting()
  const {startFramework} = await import('./cli/start-framework.ts')
  await startFramework(argv, process)
}

/** Holds back what Node prints of its own doings: it has read NODE_DEBUG by now, and warns itself that it tells tokens. */
function silenceNode(): void {
  const own = new RegExp(`^\\w+ (\\x1b\\[\\d+m)?${process.pid}(\\x1b\\[\\d+m)?: `)
  const write = process.stderr.write.bind(process.stderr)
  const writeOthers = (chunk: string | Uint8Array, ...rest: []) =>
    (typeof chunk === 'string' && own.test(chunk)) || write(chunk, ...rest)
  Object.assign(process.stderr, {write: writeOthers})
}

/** What nobody caught is a bug: it is reported as one, in place of Node's own dump. */
function endUnexpectedly(thrown: unknown): void {
  import('./cli/last-resort.ts').then(
    ({reportBug}) => reportBug(thrown, process.argv.slice(2)),
    () => {
      process.stderr.write('Error: vpcmd could not read its own files. Reinstall it.\n')
      process.exit(1)
    },
  )
}

// Some answers that people and boot scripts wait for are worth no framework: loading it would take most of the time.

function version([flag]: string[]): string | undefined {
  if (flag !== '--version' && flag !== '-v' && flag !== 'version') return undefined
  const {name, version} = JSON.parse(readOwn('../package.json'))
  return `${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`
}

/** The help that the build has drawn for 80 columns; undefined where it takes the framework to tell, or to page. */
function help(args: string[]): string | undefined {
  const isFull = args.includes('--help')
  const isAsked = isFull || args.includes('-h') || args[0] === 'help'
  // On a terminal, vpcmd alone may be the menus.
  if (!isAsked && (args.length > 0 || (process.stdin.isTTY && process.stderr.isTTY))) return undefined
  if (process.stdout.isTTY && process.stdout.columns < 80) return undefined
  const words = args.filter(arg => arg !== '--help' && arg !== '-h')
  const isShort = args.includes('-h') && !isFull
  const {welcome, short, full}: DrawnHelp = JSON.parse(readOwn('./help.json'))
  const key = words.slice(words[0] === 'help' ? 1 : 0).join(' ')
  const texts = isShort ? short : full
  const text = !isAsked ? welcome : Object.hasOwn(texts, key) ? texts[key] : undefined
  const isTall = !isShort && process.stdout.isTTY && text !== undefined && text.split('\n').length > process.stdout.rows
  return isTall ? undefined : text
}

/** What `.config/build.mjs` draws: a text for each command and topic, and for vpcmd itself under ''. */
interface DrawnHelp {
  welcome: string
  short: Record<string, string>
  full: Record<string, string>
}

/** A file that is installed with this one. */
function readOwn(path: string): string {
  return process.getBuiltinModule('node:fs').readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** Answers a Tab. Whatever goes wrong is no news to whoever types: then there is nothing to complete. */
async function completeWord(words: string[]): Promise<void> {
  let answer = ':values\n'
  try {
    const {complete} = await import('./cli/completion/complete.ts')
    answer = complete(words, process.env, new URL('../', import.meta.url))
  } catch {}
  printAndEnd(answer)
}

/** Whether the metadata service of this instance was asked, and answered; false where it takes the framework to tell. */
async function runsQuickly(args: string[]): Promise<boolean> {
  if (args[0] !== 'imds') return false
  try {
    // The system ends any other process, and there is nothing to put in order before something is drawn.
    if (isFirstProcess) hearSignals()
    const text = await quickAnswer(args, process, knownSecrets)
    if (text === undefined) return false
    printAndEnd(text)
  } catch (error) {
    surviveWriting()
    const {reportAsked, reportError} = await import('./cli/report-error.ts')
    const {stdout, stderr, env} = process
    process.exitCode = await reportError(error, reportAsked(args, knownSecrets), {stdout, stderr, env, interruptedCode})
  }
  return true
}
