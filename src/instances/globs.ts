/**
 * Whether the whole text is as the pattern says, where `*` stands for any text, `?` for one character, and all else for
 * itself. Takes at most pattern times text in steps, whatever the pattern: a regular expression could take for ever.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let inPattern = 0
  let inText = 0
  let star = -1
  let resumeAt = 0
  while (inText < text.length) {
    const wanted = pattern[inPattern]
    if (wanted === '*') {
      star = inPattern++
      resumeAt = inText
    } else if (wanted === '?' || wanted === text[inText]) {
      inPattern++
      inText++
    } else if (star >= 0) {
      // The last star takes one character more.
      inPattern = star + 1
      inText = ++resumeAt
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}
