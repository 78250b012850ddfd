// What JSON and YAML may carry as it is and what would yet act on a terminal that it is printed to: DEL and the C1
// controls (U+009B starts an escape sequence), bidirectional and invisible characters. Not the line break between lines.
export const activeOnTerminals = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** A value as JSON, on one line or indented by so many spaces; whatever could act on a terminal is written as `\uXXXX`. */
export function safeJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent)
  // Most texts have none of them, and this is told so much faster than by a search for them.
  if (Buffer.byteLength(json) === json.length && !json.includes('\x7f')) return json
  return json.replace(activeOnTerminals, character =>
    Array.from({length: character.length}, (_, index) => `\\u${hexadecimal(character.charCodeAt(index), 4)}`).join(''),
  )
}

/** A number in hexadecimal, of at least so many digits. */
export function hexadecimal(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
