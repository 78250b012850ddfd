// Whatever is invisible, turns the writing direction or controls a terminal, and halves of surrogate pairs.
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffe\uffff]/gu

/**
 * The text with each character that can't be seen as a visible `\uXXXX`: names are others' and may want to deceive. That
 * leaves nothing that XML 1.0 forbids (W3C, Extensible Markup Language 1.0, production 2).
 */
export function visible(text: string): string {
  return text.replace(invisible, character => {
    const code = character.codePointAt(0) ?? 0
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

const entities: Record<string, string> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'}

/** The text, made visible, as content or as a quoted attribute of HTML and XML alike. */
export function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, character => entities[character] ?? character)
}

/** A value as JSON that may stand within a `script` element: it ends no element and opens no comment. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, character => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
