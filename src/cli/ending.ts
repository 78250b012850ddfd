import type {Cloud} from '../cloud/cloud.ts'
import {counted} from '../counted.ts'
import {countResults, describeCounts, type Outcome} from '../metadata/outcomes.ts'
import type {Moved} from '../metadata/restart-plan.ts'
import {quoteCommand, wordsTakenBy} from '../quote-command.ts'
import {duration} from '../terminal/progress.ts'
import {green, red, yellow} from '../terminal/style.ts'
import type {Context} from './context.ts'

/** How a line of an ending is meant: all is well, something is to be known, or something failed. */
type Mark = 'done' | 'notice' | 'failed'

/** A command that goes on from a result, after a word on what it is for. */
export type Next = [purpose: string, words: string[]]

/** The last words on a result. */
export interface Ending {
  /** Short ones: what it came to, and what is to be known beside it. */
  lines: {mark: Mark; text: string}[]
  /** The likeliest first. */
  next: Next[]
}

const styles = {done: green, notice: yellow, failed: red} satisfies Record<Mark, unknown>

/** Prints an ending on stderr; where `isQuiet`, only one in which something is not simply done. */
export function printEnding(context: Context, {lines, next}: Ending, isQuiet = false): void {
  if (isQuiet && lines.every(({mark}) => mark === 'done')) return
  for (const {mark, text} of lines) {
    const sign = context.symbols[mark]
    context.note(text, {label: `${context.colorsNotes ? styles[mark](sign) : sign} `})
  }
  const widest = Math.max(...next.map(([purpose]) => purpose.length))
  for (const [purpose, words] of next) {
    const command = quoteCommand(['vpcmd', ...words, ...wordsTakenBy(words.join(' '), context.cloudWords)])
    // The terminal breaks it, if need be, so that it can be copied as one line.
    context.note(`  ${purpose.padEnd(widest)}  ${command}`, {isWrapped: false})
  }
}

/**
 * What became of some servers, as the first line of an ending: `stop` says that not all had their turn, `unread` what could
 * not be read while they were chosen.
 */
export function resultLine(
  outcomes: Iterable<{result: Outcome['result']}>,
  {
    stop,
    seconds = 0,
    now,
    unread = [],
  }: {
    stop?: string | undefined
    seconds?: number
    now?: Iterable<{result: Outcome['result']}>
    unread?: string[] | undefined
  },
): Ending['lines'][number] {
  const counts = countResults(outcomes)
  const isPart = stop !== undefined || counts.conflict > 0 || counts.skipped > 0 || unread.length > 0
  const mark = counts.failed > 0 ? 'failed' : isPart ? 'notice' : 'done'
  const early = stop === 'interrupted' ? 'Interrupted: ' : stop === undefined ? '' : 'Stopped early: '
  const all = Object.values(counts).some(count => count > 0) ? describeCounts(counts) : 'Nothing to do'
  const nowCounts = now && countResults(now)
  const isNew = nowCounts && Object.values(nowCounts).some(count => count > 0)
  const text = nowCounts
    ? `${isNew ? `now ${describeCounts(nowCounts)}` : 'Nothing was left to change'}; in all ${all}`
    : all
  return {mark, text: `${early}${text}${seconds < 10 ? '' : ` in ${duration(seconds)}`}${notRead(unread)}`}
}

/** How much could not be read, after what came of the rest; a warning has said why. */
export function notRead(unread: string[]): string {
  if (unread.length === 0) return ''
  // As a selection tells them: `eu-de: why`, and what is another account's in other words.
  const what = unread.every(each => /^[a-z]+(-[a-z0-9]+)+: /.test(each))
    ? counted(unread.length, 'region')
    : counted(unread.length, 'region or account', 'regions or accounts')
  return `; ${what} not read`
}

/** How to see each server of a run, where only some were listed. */
export function listEach(run: string): Next {
  return ['list', ['metadata', 'history', run]]
}

/** The last words on what would have been done. */
export function dryRunNote(outcomes: {result: Outcome['result']}[], unread: string[] = []): string {
  if (outcomes.length === 0 && unread.length === 0) return 'Dry run: nothing was sent.'
  const counts = outcomes.length > 0 ? describeCounts(countResults(outcomes)) : 'Nothing to do'
  return `Dry run: nothing was sent. ${counts}${notRead(unread)}.`
}

/**
 * That instances on which the service was turned on must be stopped and started before it works fully, if they were created
 * with it off (IBM's FAQ, ibm-cloud-docs/vpc, instance_metadata_vpc_faqs.md). `run`: the run that turned it on,
 * which changed `changed` instances in all.
 */
export function restartNeeded(
  {askedRegions}: Pick<Cloud, 'askedRegions'>,
  instances: {asked: string; id: string; name: string}[],
  run: string,
  changed = instances.length,
): Ending {
  const [first] = instances
  const isOne = first !== undefined && instances.length === 1
  const many = `${instances.length}${changed > instances.length ? ` of ${changed}` : ''} need a restart`
  const who = isOne ? (changed > 1 ? `${first.name} needs a restart` : 'Restart needed') : many
  // A name that was found in some regions only may be another one's, too, and one may look like a flag.
  const isEnough = (asked: string) => askedRegions.length === 0 && /^\w[\w.-]*$/.test(asked)
  const names = instances.flatMap(({asked, name}) => (asked === name && isEnough(asked) ? name : []))
  const isNamed = names.length === instances.length && names.length <= 3
  const own = isNamed ? names : instances.length === 1 ? instances.map(({id}) => id) : undefined
  const words = own ? ['instances', 'restart', ...own] : ['metadata', 'resume', run, '--restart']
  return {
    lines: [{mark: 'notice', text: `${who} before the service works fully; a stop erases local disks`}],
    next: [['restart', words]],
  }
}

/** That instances which were turned on by an earlier run, and not by this one, still await a stop and start; no line where none does. */
export function awaitedSince(instances: {id: string; name: string}[]): Ending {
  const [first] = instances
  if (!first) return {lines: [], next: []}
  const isOne = instances.length === 1
  const who = isOne ? `${first.name} still awaits` : `${instances.length} still await`
  const ids = instances.length <= 3 ? instances.map(({id}) => id) : undefined
  return {
    lines: [{mark: 'notice', text: `${who} a restart from an earlier run`}],
    next: ids ? [['restart', ['instances', 'restart', ...ids]]] : [],
  }
}

/** Which private addresses changed; no line where none did. */
export function movedLines(moved: Moved[]): Ending['lines'] {
  const [first] = moved
  if (!first) return []
  const {name, address} = first
  const text =
    moved.length === 1
      ? `The private address of ${name} changed: ${address.before} -> ${address.after}`
      : `${moved.length} private addresses changed; the table says which`
  return [{mark: 'notice', text}]
}
