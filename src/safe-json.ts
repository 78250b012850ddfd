// What JSON and YAML may carry as it is and what would yet act on a terminal that it is printed to: DEL and the C1
// controls (U+009B starts an escape sequence), bidirectional and invisible characters. Not the line break between lines.
export const activeOnTerminals = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

/** Where a value is nested too deep to be written, so many levels of it are. */
export const mostLevels = 200

/**
 * A value as JSON, on one line or indented by so many spaces; whatever could act on a terminal is written as `\uXXXX`, and
 * what is nested too deep to be written as null.
 */
export function safeJson(value: unknown, indent?: number): string {
  return inertJson(plainJson(value, indent))
}

/** The same with what could act on a terminal as it is. */
export function plainJson(value: unknown, indent?: number): string {
  return withinStack(value, each => JSON.stringify(each, undefined, indent))
}

/** JSON, or lines of it, with what could act on a terminal written as `\uXXXX`. */
export function inertJson(json: string): string {
  // Most texts have none of them, and this check is much faster than a search for them.
  if (Buffer.byteLength(json) === json.length && !json.includes('\x7f')) return json
  return json.replace(activeOnTerminals, character =>
    Array.from({length: character.length}, (_, index) => `\\u${hexadecimal(character.charCodeAt(index), 4)}`).join(''),
  )
}

/** What `write` makes of a value, or of its uppermost levels where the whole is nested deeper than the stack. */
export function withinStack(value: unknown, write: (value: unknown) => string): string {
  try {
    return write(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return write(upperLevels(value))
  }
}

/** A value as JSON would have it, without a text of it in between, which has a greatest length; deeper levels are null. */
export function upperLevels(value: unknown, levels = mostLevels): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('toJSON' in value && typeof value.toJSON === 'function') return upperLevels(value.toJSON(), levels)
  if (levels === 0) return null
  if (Array.isArray(value)) return value.map(each => upperLevels(each, levels - 1))
  const told = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(told.map(([name, each]) => [name, upperLevels(each, levels - 1)]))
}

/** A number in hexadecimal, of at least so many digits. */
export function hexadecimal(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
