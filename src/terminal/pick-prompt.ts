import {
  createPrompt,
  isBackspaceKey,
  isEnterKey,
  isSpaceKey,
  isTabKey,
  useKeypress,
  useMemo,
  useRef,
  useState,
} from '@inquirer/core'
import {bold, cyan, dim, green, red} from './style.ts'
import type {Symbols} from './symbols.ts'
import {cut, pad, plain, width, wrap} from './text.ts'

const longestPage = 15

export interface PickRow {
  name: string
  description: string
  /** Why it can't be picked. */
  disabled?: string
}

export interface PickConfig {
  message: string
  /** Safe to print: the prompt takes nothing out of them. */
  rows: readonly PickRow[]
  multiple: boolean
  color: boolean
  symbols: Symbols
  /** The terminal's size, asked anew for each drawing. */
  size: () => {columns: number; rows: number}
}

/** The part of readline that holds the text of the search. */
interface SearchLine {
  line: string
  clearLine: (direction: 0) => void
  write: (text: string) => void
}

/**
 * A list that narrows as one types; gives the indexes of the rows that were picked, in the order of the list.
 * Words of the search are parted by a comma, and by a space where only one is picked: where several are, Space ticks.
 * What is ticked stays ticked when the search changes. Only the page that is seen is laid out, so that a keypress costs
 * the same with 5,000 rows, which is why inquirer's own pagination (it lays out every row) is not used.
 */
export const pickPrompt = createPrompt<number[], PickConfig>((config, done) => {
  const {rows, multiple} = config
  const [search, setSearch] = useState('')
  const [active, setActive] = useState(0)
  const [ticked, setTicked] = useState<ReadonlySet<number>>(new Set())
  const [problem, setProblem] = useState('')
  const [answer, setAnswer] = useState<number[] | undefined>(undefined)
  const page = useRef({top: 0, size: 1})
  const texts = useMemo(() => rows.map(row => `${row.name} ${row.description}`.toLowerCase()), [rows])
  const matches = useMemo(() => findMatches(texts, search), [texts, search])
  const nameWidth = useMemo(() => widest(rows.map(row => row.name)), [rows])
  const descriptionWidth = useMemo(() => widest(rows.map(describe)), [rows])
  const activeRow = matches[active]

  const accept = (indexes: number[]) => {
    setAnswer(indexes)
    done(indexes)
  }

  const toggle = (indexes: readonly number[]) => {
    const possible = indexes.filter(index => !rows[index]?.disabled)
    const next = new Set(ticked)
    const untick = possible.every(index => next.has(index))
    for (const index of possible) untick ? next.delete(index) : next.add(index)
    setTicked(next)
  }

  const enter = () => {
    const refusal = activeRow === undefined ? undefined : rows[activeRow]?.disabled
    if (multiple && ticked.size > 0) accept([...ticked].sort((a, b) => a - b))
    else if (multiple) setProblem('Nothing selected. Select with Space, or cancel with Esc.')
    else if (activeRow === undefined) setProblem('No matches. Change the search, or cancel with Esc.')
    else if (refusal) setProblem(`Can't be picked: ${refusal}.`)
    else accept([activeRow])
  }

  const space = () => {
    const refusal = activeRow === undefined ? undefined : rows[activeRow]?.disabled
    if (refusal) setProblem(`Can't be picked: ${refusal}.`)
    else if (activeRow !== undefined) toggle([activeRow])
  }

  const last = Math.max(0, matches.length - 1)
  const moves: Record<string, number> = {
    up: active - 1,
    down: active + 1,
    pageup: active - page.current.size,
    pagedown: active + page.current.size,
    home: 0,
    end: last,
  }

  useKeypress((key, readline) => {
    if (answer) return
    setProblem('')
    const target = moves[key.name]
    const all = multiple && key.ctrl && key.name === 'a'
    const command = target !== undefined || all || isEnterKey(key) || isTabKey(key) || (multiple && isSpaceKey(key))
    // readline has put its own meaning of the key into the line by now: a space, an emptied line, an earlier search.
    if (command) rewrite(readline, search)
    if (target !== undefined) setActive(Math.min(Math.max(target, 0), last))
    else if (all) toggle(matches)
    else if (isEnterKey(key)) enter()
    else if (multiple && isSpaceKey(key)) space()
    else if (!command || isBackspaceKey(key)) {
      const typed = plain(readline.line)
      if (typed !== readline.line) rewrite(readline, typed)
      if (typed !== search) setActive(0)
      setSearch(typed)
    }
  })

  const {columns: terminalColumns, rows: terminalRows} = config.size()
  // The last column stays free: some terminals break the line as soon as it is filled.
  const columns = Math.max(10, terminalColumns - 1)
  const paint = (style: (text: string) => string, text: string) => (config.color ? style(text) : text)

  if (answer) {
    const names = answer.map(index => rows[index]?.name ?? '').join(', ')
    const summary = answer.length === 1 ? names : `${answer.length}: ${names}`
    const room = Math.max(10, columns - width(config.message) - 3)
    return `${paint(green, config.symbols.done)} ${paint(bold, config.message)} ${paint(cyan, cut(summary, room, config.symbols.ellipsis))}`
  }

  const marks = multiple ? 6 : 2
  const room = Math.max(4, columns - marks)
  const nameColumn = Math.min(nameWidth, Math.max(room - 2 - descriptionWidth, Math.floor(room / 2)))
  const descriptionColumn = Math.max(0, room - nameColumn - 2)

  const question = wrap(`? ${config.message}`, columns)
  const shown = activeRow === undefined ? undefined : rows[activeRow]
  const isCut = shown && (width(shown.name) > nameColumn || width(describe(shown)) > descriptionColumn)
  const full = isCut ? wrap(`${shown.name}  ${describe(shown)}`, columns) : []
  const counts = `${matches.length} of ${rows.length} shown`
  const status = matches.length === 0 ? `No matches. ${counts}` : counts
  const notice = problem
    ? wrap(problem, columns).map(line => paint(red, line))
    : wrap(help(multiple), columns).map(line => paint(dim, line))
  // What is drawn must never be taller than the terminal, or drawing it anew would leave rows of the last time behind.
  const searchLines = Math.floor(width(`Search: ${search}`) / terminalColumns) + 1
  let free = terminalRows - question.length - searchLines - 2
  const below = wrap(multiple ? `${ticked.size} selected, ${status}` : status, columns)
  free -= below.length
  if (problem || free > notice.length) {
    below.push(...notice)
    free -= notice.length
  }
  if (free > full.length) {
    below.unshift(...full.map(line => paint(cyan, line)))
    free -= full.length
  }

  const size = Math.max(1, Math.min(longestPage, free))
  const top = scrolled(page.current.top, active, size, matches.length)
  page.current = {top, size}
  const list = matches.slice(top, top + size).map(index => {
    const row = rows[index] ?? {name: '', description: ''}
    const isActive = index === activeRow
    const box = multiple ? `[${ticked.has(index) ? 'x' : row.disabled ? '-' : ' '}] ` : ''
    const name = pad(cut(row.name, nameColumn, config.symbols.ellipsis), nameColumn)
    const description = cut(describe(row), descriptionColumn, config.symbols.ellipsis)
    if (isActive) return paint(cyan, `> ${box}${name}  ${description}`)
    return row.disabled
      ? paint(dim, `  ${box}${name}  ${description}`)
      : `  ${box}${name}  ${description && paint(dim, description)}`
  })

  const asked = question.map(line => paint(bold, line))
  return [`${asked.join('\n')}\nSearch: ${search}`, [...list, ...below].join('\n')]
})

function findMatches(texts: readonly string[], search: string): number[] {
  const words = search
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(word => word !== '')
  return texts.flatMap((text, index) => (words.every(word => text.includes(word)) ? [index] : []))
}

/** The first row of the page: moved no further than it takes for the active row to be on it, and never past the end. */
function scrolled(top: number, active: number, size: number, count: number): number {
  const withActive = Math.max(active - size + 1, Math.min(top, active))
  return Math.max(0, Math.min(withActive, count - size))
}

function describe(row: PickRow): string {
  return row.disabled ? `${row.description} (${row.disabled})`.trimStart() : row.description
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, width(text)), 0)
}

function rewrite(readline: SearchLine, text: string): void {
  readline.clearLine(0)
  readline.write(text)
}

function help(multiple: boolean): string {
  return multiple
    ? 'Type to filter (comma between words), Space to select, Ctrl-A to select all shown, Enter to confirm, Esc to cancel.'
    : 'Type to filter, Enter to pick, Esc to cancel.'
}
