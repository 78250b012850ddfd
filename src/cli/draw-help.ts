import type {HelpPage, HelpSection} from './help-page.ts'

/** Help is never wider: lines of more are hard to read. */
const widest = 80
/** On a narrower terminal words would stand alone. */
const narrowest = 30
/** Where there are fewer columns, what a term means goes below it. */
const fewestForTwo = 60
const longestTerm = 26

/** The page as text of at most `columns`, 80 at most. What is longer than that without a space, such as a URL, stays whole. */
export function drawHelp({summary, usage, sections}: HelpPage, columns = widest): string {
  const width = Math.max(narrowest, Math.min(columns, widest))
  const parts = [
    wrapWords(summary, width),
    ...(usage.length > 0 ? [['USAGE', ...usage.flatMap(line => wrapCommand(line, width))]] : []),
    ...sections.map(section => [section.title, ...drawSection(section, width)]),
  ]
  return `${parts.map(lines => lines.join('\n')).join('\n\n')}\n`
}

function drawSection(section: HelpSection, width: number): string[] {
  if ('text' in section) return indented(wrapParagraphs(section.text, width - 2), 2)
  if ('examples' in section) {
    return section.examples.flatMap(({task, command}) => [
      ...(task === undefined ? [] : indented(wrapWords(task, width - 2), 2)),
      ...wrapCommand(`$ ${command}`, width, task === undefined ? 2 : 4),
    ])
  }
  const termWidth = Math.min(longestTerm, Math.max(...section.rows.map(([term]) => term.length)))
  return section.rows.flatMap(([term, meaning]) => drawRow(term, meaning, termWidth, width))
}

function drawRow(term: string, meaning: string, termWidth: number, width: number): string[] {
  if (width < fewestForTwo) {
    return [...indented(wrapWords(term, width - 2), 2), ...indented(wrapParagraphs(meaning, width - 6), 6)]
  }
  const indent = termWidth + 4
  const lines = indented(wrapParagraphs(meaning, width - indent), indent)
  if (term.length > termWidth) return [`  ${term}`, ...lines]
  return [`  ${term.padEnd(termWidth)}  ${lines[0]?.trimStart() ?? ''}`.trimEnd(), ...lines.slice(1)]
}

/** A command that can be pasted as it stands: where a line is not enough, it goes on after a backslash. */
export function wrapCommand(command: string, width: number, indent = 2): string[] {
  if (command.length <= width - indent) return indented([command], indent)
  // A flag and its value stay on one line.
  const kept = command.replace(/( --?\w[\w-]{0,16}) (?=[^-|]\S{0,16}( |$))/g, '$1\u00a0')
  const [first = '', ...more] = wrapWords(kept, width - indent - 6).map(line => line.replaceAll('\u00a0', ' '))
  const lines = [first, ...more.map(line => `    ${line}`)]
  return indented(
    lines.map((line, index) => (index < more.length ? `${line} \\` : line)),
    indent,
  )
}

/** A line that is indented, such as one of a file, is kept as it is. */
function wrapParagraphs(text: string, width: number): string[] {
  return text.split('\n').flatMap(line => (line.startsWith(' ') ? [line] : wrapWords(line, width)))
}

function wrapWords(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

function indented(lines: string[], columns: number): string[] {
  return lines.map(line => (line === '' ? '' : ' '.repeat(columns) + line))
}
