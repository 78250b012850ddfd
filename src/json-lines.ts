import {findNodeAtLocation, type ParseError, parseTree, visit} from 'jsonc-parser'

// The parser is one for JSON with comments, unless told otherwise; JSON.parse does not tell the line.
const strictJson = {disallowComments: true, allowTrailingComma: false}

/** The line, from 1, at which a text that is not JSON stops being it. */
export function lineOfJsonError(source: string): number {
  const errors: ParseError[] = []
  parseTree(source, errors, strictJson)
  return lineAt(source, errors[0]?.offset ?? source.length)
}

/** The line, from 1, at which the value at a path stands in JSON; of the nearest one around it where it is missing. */
export function lineOfJsonPath(source: string, path: readonly PropertyKey[]): number {
  const tree = parseTree(source, [], strictJson)
  const segments = path.map(part => (typeof part === 'symbol' ? String(part) : part))
  for (let length = segments.length; tree && length > 0; length--) {
    const node = findNodeAtLocation(tree, segments.slice(0, length))
    if (node) return lineAt(source, node.offset)
  }
  return lineAt(source, tree?.offset ?? 0)
}

/**
 * The first key that is twice in one object of JSON, and its line, from 1; undefined where there is none. JSON.parse
 * takes the last of them and says nothing.
 */
export function doubleKeyIn(source: string): {key: string; line: number} | undefined {
  let double: {key: string; line: number} | undefined
  const open: Set<string>[] = []
  visit(
    source,
    {
      onObjectBegin() {
        open.push(new Set())
      },
      onObjectProperty(key, _offset, _length, line) {
        const keys = open.at(-1)
        if (keys?.has(key)) double ??= {key, line: line + 1}
        keys?.add(key)
      },
      onObjectEnd() {
        open.pop()
      },
    },
    strictJson,
  )
  return double
}

function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length
}

/** A place in a document as users write it, as in `rules[0].require`; `whole` for the document itself. */
export function pathInWords(path: readonly PropertyKey[], whole: string): string {
  const words = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return words.replace(/^\./, '') || whole
}
