import {Document, Scalar, visit} from 'yaml'
import {activeOnTerminals, hexadecimal, withinStack} from '../safe-json.ts'

/** A value as YAML 1.2 that older YAML 1.1 readers understand alike (`"off"` stays a string), escaped as in toJson, with a line break at its end; what is nested too deep is null. */
export function toYaml(value: unknown): string {
  return withinStack(value, written)
}

function written(value: unknown): string {
  const document = new Document(value, {compat: 'yaml-1.1', aliasDuplicateObjects: false})
  visit(document, {
    // Only a double-quoted scalar has escapes.
    Scalar(_key, node) {
      if (typeof node.value === 'string' && node.value.search(activeOnTerminals) >= 0) node.type = Scalar.QUOTE_DOUBLE
    },
  })
  return document.toString({lineWidth: 0}).replace(activeOnTerminals, escapeInYaml)
}

function escapeInYaml(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? `\\U${hexadecimal(code, 8)}` : `\\u${hexadecimal(code, 4)}`
}
