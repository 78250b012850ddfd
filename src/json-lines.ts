import {findNodeAtLocation, type ParseError, parseTree} from 'jsonc-parser'

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

function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length
}
