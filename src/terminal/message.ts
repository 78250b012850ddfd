import {width} from './text.ts'

/** A message as the lines that a stream prints: wrapped on a terminal, as it is elsewhere. */
export function messageLines(text: string, {isTTY, columns}: {isTTY?: boolean; columns?: number}): string[] {
  return isTTY ? wrapMessage(text, columns || 80) : [text]
}

// Broken, these could not be pasted: a command up to where its sentence ends or prose goes on, with quoted arguments whole.
const command =
  /vpcmd(?: (?:imds|instances|metadata|sandbox)(?: [a-z][a-z-]+)?| (?:completion|connect|console|ls|list|audit|help)\b)?(?: (?:'[^']*'|--?[\w-]+(?:[= ](?:'[^']*'|[A-Z]{2,}[A-Z_]*|\d\S*))?|[A-Z]{2,}[A-Z_]*|\d[\w-]*))*/
const pasted = /(?<=: )vpcmd .*?(?=[.;,]? *$|[.;] [A-Z`]|, (?:then|and) )/
const pieces = new RegExp(`(?:\\(?(?:${pasted.source}|\\b${command.source}|-o \\w+)[.,;:)]*|\\S+)`, 'g')

/**
 * A message in lines of at most that many columns, broken between words, with what follows the first line indented by two
 * more. Commands, URLs and IDs are never broken: one that is wider stands on a line of its own. For plain text and colours.
 */
export function wrapMessage(text: string, columns: number): string[] {
  if (width(text) <= columns) return [text]
  const indent = /^ */.exec(text)?.[0] ?? ''
  const lines: string[] = []
  let line = indent
  let end = indent.length
  let isEmpty = true
  for (const {0: piece, index} of text.matchAll(pieces)) {
    const gap = isEmpty ? '' : text.slice(end, index)
    end = index + piece.length
    if (!isEmpty && width(line + gap + piece) > columns) {
      lines.push(line)
      line = `${indent}  ${piece}`
    } else line += gap + piece
    isEmpty = false
  }
  return [...lines, line]
}
