import type {Command, Config} from '@oclif/core'
import {usageError, VpcmdError} from '../errors.ts'
import type {InputHost} from '../files/read-input.ts'
import {nearestName} from '../nearest-name.ts'
import {quoteCommand, withCloudWords} from '../quote-command.ts'
import {drawHelp} from './draw-help.ts'
import {heedTerminalFlags, namesSandbox, ownWords, variableAgainstInput} from './environment.ts'
import {cloudWordsTyped} from './flags/cloud.ts'
import {changes, type HelpPage, helpPage, welcomePage} from './help-page.ts'
import type {Host} from './host.ts'
import {printWhole} from './paged-output.ts'
import {takesNoArgument} from './parse-error.ts'
import {withoutShortcut} from './shortcuts.ts'

type Catalog = Pick<Config, 'commands' | 'pjson' | 'findCommand' | 'userAgent'>
type HostForHelp = Pick<
  Host,
  'stdin' | 'stdout' | 'stderr' | 'env' | 'openPager' | 'onEnding' | 'interruptedCode' | 'exit'
>

/**
 * The command that is meant, as oclif takes it: `vpcmd` alone on a terminal is the console, `vpcmd ls` is `vpcmd instances
 * list`. Help and the version are printed here: then undefined. Throws a usage error for what is no command.
 */
export async function commandTyped(catalog: Catalog, argv: string[], host: HostForHelp): Promise<string[] | undefined> {
  heedTerminalFlags(argv, host.env)
  const draw = (page: HelpPage) => drawHelp(page, host.stdout.isTTY ? host.stdout.columns : undefined)
  const [first, ...rest] = argv
  if (first === undefined) {
    const mayAsk = host.stdin.isTTY && host.stderr.isTTY && variableAgainstInput(host.env) === undefined
    if (mayAsk && (await canSignIn(host))) return ['console']
    await printWhole(host, draw(welcomePage(catalog)))
    return undefined
  }
  if (first === 'version') {
    host.stdout.write(`${catalog.userAgent}\n`)
    return undefined
  }
  const asked = helpAsked(argv)
  const words = leadingWords(catalog, asked?.words ?? argv)
  if (asked || (words.length === 1 && isTopic(catalog, first) && !rest.some(isWord))) {
    if (!asked && rest.length > 0)
      throw usageError(`vpcmd ${first} takes a command before ${rest[0]}.`, `See its commands: vpcmd ${first} --help`)
    const page = helpPage(catalog, words, asked?.isFull ?? false)
    if (!page) throw unknownCommand(catalog, (asked?.words ?? argv).filter(isWord).slice(0, 2))
    // Short help is for a look in passing: a pager would be one thing more to leave.
    if (asked?.isFull) await printWhole(host, draw(page))
    else host.stdout.write(draw(page))
    return undefined
  }
  if (first.startsWith('-')) {
    refuseFlagsAhead(catalog, argv)
    return ['console', ...argv]
  }
  const expanded = withoutShortcut(argv)
  const named = leadingWords(catalog, expanded)
  const command = catalog.findCommand(named.join(':'))
  if (command) refuseArgument(command, named, expanded)
  if (command) return expanded
  throw unknownCommand(catalog, wordsAhead(argv).slice(0, 2))
}

/** The console takes no words: whoever types a command after flags means that one. */
function refuseFlagsAhead(catalog: Catalog, argv: string[]): void {
  for (const [at, word] of argv.entries()) {
    const expanded = withoutShortcut(argv.slice(at))
    const named = leadingWords(catalog, expanded)
    if (!isWord(word) || !catalog.findCommand(named.join(':'))) continue
    const ahead = argv.slice(0, at)
    throw usageError(
      `Flags go after the command, and ${ahead.join(' ')} is before it.`,
      `Run: ${quoteCommand(['vpcmd', ...named, ...expanded.slice(named.length), ...ahead])}`,
    )
  }
}

/** The words of which help is asked; undefined where none is. */
function helpAsked(argv: string[]): {words: string[]; isFull: boolean} | undefined {
  const own = ownWords(argv)
  if (own[0] === 'help') return {words: own.slice(1).filter(isWord), isFull: !own.includes('-h')}
  if (own.includes('--help')) return {words: own.filter(isWord), isFull: true}
  return own.includes('-h') ? {words: own.filter(isWord), isFull: false} : undefined
}

/** The words at the start that name a command or a topic; all of them where they name none. */
function leadingWords(catalog: Catalog, argv: string[]): string[] {
  const words = withoutShortcut(wordsAhead(argv))
  const count = [2, 1].find(each => words.length >= each && catalog.findCommand(words.slice(0, each).join(':')))
  return words.slice(0, count)
}

/** The words before the first flag: one after it may be its value. */
function wordsAhead(argv: string[]): string[] {
  const end = argv.findIndex(word => !isWord(word))
  return end < 0 ? argv : argv.slice(0, end)
}

function isTopic({pjson}: Catalog, word: string): boolean {
  return Object.hasOwn(pjson.oclif.topics ?? {}, word)
}

function isWord(word: string): boolean {
  return !word.startsWith('-')
}

/** oclif would take a word after a command that takes none for a part of its name, and call the command unknown. */
function refuseArgument({args, flags}: Command.Loadable, named: string[], argv: string[]): void {
  const next = argv[named.length]
  if (next === undefined || !isWord(next) || Object.keys(args).length > 0) return
  const error = takesNoArgument(named.join(' '), next, flags)
  throw error.reworded({hint: withCloudWords(error.hint ?? '', cloudWordsTyped(argv))})
}

/** What other tools call what `show` does. */
const wordsForShow = ['status', 'get', 'view', 'describe', 'info', 'list']

/** Words of other tools, and what vpcmd has in their place. */
const foreignWords: Record<string, string> = {
  ssh: 'To log in to an instance: vpcmd connect INSTANCE',
  login: 'vpcmd takes the login of ibmcloud, or an API key: vpcmd alone says how to sign in.',
}

/** Whoever mistypes is never led to a command that changes something, unless its very verb was typed, and no group of another. */
function unknownCommand(catalog: Catalog, words: string[]): VpcmdError {
  const all = catalog.commands.filter(({hidden}) => !hidden)
  const named = (commands: typeof all) => commands.map(({id}) => id.replaceAll(':', ' ')).sort()
  const [first = '', second] = words
  const foreign = Object.hasOwn(foreignWords, first) ? foreignWords[first] : undefined
  if (foreign !== undefined) return usageError(`Unknown command: vpcmd ${words.join(' ')}.`, foreign)
  const group = isTopic(catalog, first) ? first : undefined
  const verb = group === undefined || second === undefined ? first : second
  const topic = group === undefined ? nearestName(first, Object.keys(catalog.pjson.oclif.topics ?? {})) : undefined
  const whole = second === undefined ? topic : catalog.findCommand(`${topic}:${second}`) && `${topic} ${second}`
  const exact = whole === undefined ? [] : [whole]
  const isShow = group !== undefined && wordsForShow.includes(verb) && catalog.findCommand(`${group}:show`)
  if (isShow) exact.push(`${group} show`)
  const onlyShows = (each: Command.Loadable) => !changes(each) && !/^(config|profiles):/.test(each.id)
  const isMeant = (each: Command.Loadable) => each.id.endsWith(`:${verb}`) && (group === undefined || onlyShows(each))
  const ofVerb = exact.length > 0 ? exact : named(all.filter(isMeant))
  const meant = ofVerb.length > 0 ? ofVerb : nearest(named(all.filter(each => !changes(each))), words, group)
  const hint =
    meant.length > 0
      ? `Did you mean ${meant.map(name => `vpcmd ${name}`).join(' or ')}?`
      : group &&
        `vpcmd ${group} has: ${named(all.filter(({id}) => id.startsWith(`${group}:`)))
          .map(name => name.slice(group.length + 1))
          .join(', ')}.`
  const more = group && meant.length === 0 ? [] : ['See all commands with vpcmd --help.']
  return usageError(`Unknown command: vpcmd ${words.join(' ')}.`, [...(hint ? [hint] : []), ...more].join(' '))
}

function nearest(names: string[], words: string[], group: string | undefined): string[] {
  const [first = '', verb = ''] = words
  const verbOf = (name: string) => name.replace(/^\S+ /, '')
  if (group === undefined) {
    const whole = nearestName(words.join(' '), names)
    const similar = nearestName(first, names.map(verbOf))
    return whole === undefined ? names.filter(name => verbOf(name) === similar) : [whole]
  }
  const ofGroup = names.filter(name => name.startsWith(`${group} `))
  const similar = nearestName(verb, ofGroup.map(verbOf))
  return ofGroup.filter(name => verbOf(name) === similar)
}

/** Whether there are credentials, valid or not: what is wrong with them shows when they are used. */
async function canSignIn(host: InputHost): Promise<boolean> {
  if (namesSandbox(host.env)) return true
  const {findCredentials, withCredentialsFile} = await import('./cloud-modules.ts')
  try {
    const settings = await withCredentialsFile(host, () => undefined)
    const nothing = async () => undefined
    const none = {iamUrl: '', apiKeyFile: undefined, findCompute: nothing, warn: () => undefined}
    await findCredentials({settings, host, ...none})
    return true
  } catch (error) {
    return !(error instanceof VpcmdError && error.code === 'no_credentials')
  }
}
