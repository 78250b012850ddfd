import {
  createPrompt,
  isBackspaceKey,
  isEnterKey,
  isSpaceKey,
  isTabKey,
  useEffect,
  useKeypress,
  useMemo,
  useRef,
  useState,
} from '@inquirer/core'
import {bold, cyan, dim, red} from './style.ts'
import type {Symbols} from './symbols.ts'
import {cut, pad, plain, width, wrap} from './text.ts'

const longestPage = 15

export interface PickRow {
  name: string
  /** What else a pasted list may call it; shown where the row does not fit. */
  id?: string
  isTicked?: boolean
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
  /** Calls `draw` whenever the size changes, until what it gives is called. */
  onResize: (draw: () => void) => () => void
  /** Set to whether something is searched for. */
  searches: {current: boolean}
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
  const [ticked, setTicked] = useState<ReadonlySet<number>>(useMemo(() => tickedFirst(rows), [rows]))
  const [problem, setProblem] = useState('')
  const [remark, setRemark] = useState('')
  const [, setDrawings] = useState(0)
  const [answer, setAnswer] = useState<number[] | undefined>(undefined)
  const page = useRef({top: 0, size: 1})
  /** What a paste has brought so far; undefined while nothing is pasted. */
  const pasted = useRef<string | undefined>(undefined)
  const resizes = useRef(0)
  config.searches.current = search !== ''
  useEffect(() => config.onResize(() => setDrawings(++resizes.current)), [])
  const texts = useMemo(() => rows.map(row => `${row.name} ${row.description}`.toLowerCase()), [rows])
  const matches = useMemo(() => findMatches(texts, search), [texts, search])
  const nameWidth = useMemo(() => widest(rows.map(row => row.name)), [rows])
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

  const invert = (indexes: readonly number[]) => {
    const next = new Set(ticked)
    for (const index of indexes) {
      if (next.delete(index) || rows[index]?.disabled) continue
      next.add(index)
    }
    setTicked(next)
  }

  const takePaste = (text: string, readline: SearchLine) => {
    const names = text
      .split(/[\s,]+/)
      .map(plain)
      .filter(name => name !== '')
    const isList = multiple && (names.length > 1 || rows.some(row => row.name === names[0] || row.id === names[0]))
    if (!isList) {
      const typed = plain(`${search}${text.replaceAll(/\s+/g, ' ').trimEnd()}`)
      rewrite(readline, typed)
      setActive(0)
      return setSearch(typed)
    }
    rewrite(readline, search)
    const {found, said} = lookUp(names, rows)
    setTicked(new Set([...ticked, ...found]))
    setRemark(said)
  }

  const refusal = activeRow === undefined ? undefined : rows[activeRow]?.disabled
  const enter = () => {
    if (multiple && ticked.size > 0) accept([...ticked].sort((a, b) => a - b))
    else if (multiple) setProblem('Nothing selected. Select with Space, or go back with Esc.')
    else if (activeRow === undefined) setProblem('No matches. Change the search, or go back with Esc.')
    else if (refusal) setProblem(`Can't be picked: ${refusal}.`)
    else accept([activeRow])
  }

  const space = () => {
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
    const {sequence = ''} = key as {sequence?: string}
    const isEdge = key.name === 'paste-start' || key.name === 'paste-end'
    if (key.name === 'paste-start') pasted.current = ''
    else if (key.name === 'paste-end') {
      takePaste(pasted.current ?? '', readline)
      pasted.current = undefined
    } else if (pasted.current !== undefined) pasted.current += sequence
    if (isEdge || pasted.current !== undefined) return
    setProblem('')
    setRemark('')
    const target = moves[key.name]
    const many = multiple && key.ctrl && 'ant'.includes(key.name) ? key.name : ''
    const command = target !== undefined || many || isEnterKey(key) || isTabKey(key) || (multiple && isSpaceKey(key))
    // readline has put its own meaning of the key into the line by now: a space, an emptied line, an earlier search.
    if (command) rewrite(readline, search)
    if (target !== undefined) setActive(Math.min(Math.max(target, 0), last))
    else if (key.name === 'escape') {
      rewrite(readline, '')
      setSearch('')
      setActive(0)
    } else if (many === 'a') toggle(matches)
    else if (many === 'n') setTicked(new Set())
    else if (many === 't') invert(matches)
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
    const lines = wrap(`? ${config.message}`, columns)
    const room = Math.max(0, columns - width(lines.at(-1) ?? '') - 1)
    const picked = ` ${paint(cyan, cut(summary, room, config.symbols.ellipsis))}`
    return `${lines.map(line => paint(bold, line)).join('\n')}${room > 3 ? picked : ''}`
  }

  const marks = multiple ? 6 : 2
  const room = Math.max(4, columns - marks)
  // People pick by the name: the rest gets the room that is left. The line below shows the current row in full.
  const nameColumn = Math.min(nameWidth, room)
  const descriptionColumn = room - nameColumn - 2 < 4 ? 0 : room - nameColumn - 2

  const question = wrap(`? ${config.message}`, columns)
  const shown = activeRow === undefined ? undefined : rows[activeRow]
  const isCut = shown && (width(shown.name) > nameColumn || width(describe(shown)) > descriptionColumn)
  const full = isCut
    ? wrap(
        [...new Set([shown.name, shown.id ?? '', describe(shown).replace(/ {2,}/g, '  ')])].join('  ').trim(),
        columns,
      )
    : []
  const counts = `${multiple ? `${ticked.size} selected, ` : ''}${matches.length} of ${rows.length} shown`
  const status = matches.length === 0 ? `No matches. ${counts}` : counts
  const notice = problem
    ? wrap(problem, columns).map(line => paint(red, line))
    : wrap(remark || help(multiple), columns).map(line => (remark ? line : paint(dim, line)))
  // What is drawn must never be taller than the terminal, or drawing it anew would leave rows of the last time behind.
  const searchLines = Math.floor(width(`Search: ${search}`) / terminalColumns) + 1
  let free = terminalRows - question.length - searchLines - 2
  const below = wrap(status, columns)
  free -= below.length
  if (problem || remark || free > notice.length) {
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
    const description =
      descriptionColumn > 0 ? `  ${cut(describe(row), descriptionColumn, config.symbols.ellipsis)}` : ''
    if (isActive) return paint(cyan, `> ${box}${name}${description}`)
    return row.disabled
      ? paint(dim, `  ${box}${name}${description}`)
      : `  ${box}${name}${description && paint(dim, description)}`
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

function tickedFirst(rows: readonly PickRow[]): Set<number> {
  return new Set(rows.flatMap(({isTicked, disabled}, index) => (isTicked && !disabled ? [index] : [])))
}

/** The rows that a pasted list names, and what came of each name, in words. A name that several rows have names none. */
function lookUp(names: readonly string[], rows: readonly PickRow[]): {found: number[]; said: string} {
  const called = new Map<string, number[]>()
  for (const [index, {name, id}] of rows.entries()) {
    for (const each of new Set([name, id ?? name])) called.set(each, [...(called.get(each) ?? []), index])
  }
  const asked = [...new Set(names)]
  const matchesOf = (name: string) => called.get(name) ?? []
  const isFree = (name: string) => !rows[matchesOf(name)[0] ?? -1]?.disabled
  const parts: [string[], string][] = [
    [asked.filter(name => matchesOf(name).length === 0), 'not found'],
    [asked.filter(name => matchesOf(name).length > 1), 'the name of several'],
    [asked.filter(name => matchesOf(name).length === 1 && !isFree(name)), 'not to be picked'],
  ]
  const found = asked.flatMap(name => (matchesOf(name).length === 1 && isFree(name) ? matchesOf(name) : []))
  const left = parts.flatMap(([some, what]) => (some.length > 0 ? [`${some.length} ${what} (${few(some)})`] : []))
  return {found, said: [`Of ${asked.length} pasted: ${found.length} selected`, ...left].join(', ')}
}

function few(names: readonly string[]): string {
  const shown = names.slice(0, 3).map(name => cut(plain(name), 40, '...'))
  return names.length > 3 ? `${shown.join(', ')} ...` : shown.join(', ')
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
    ? 'Type to filter (a comma between words that must all match) or paste a list of names. Space selects, Ctrl-A all shown, Ctrl-N none, Ctrl-T inverts. Enter to confirm, Esc to go back or leave.'
    : 'Type to filter, Enter to pick, Esc to go back or leave.'
}
