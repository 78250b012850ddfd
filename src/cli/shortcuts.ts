/** What people type who know other tools, and what they mean. None of these commands changes anything. */
const shortcuts: Record<string, string[]> = {
  ls: ['instances', 'list'],
  list: ['instances', 'list'],
  audit: ['metadata', 'audit'],
}

/** The words with a shortcut at their start, or the `ls` of a group, written out. */
export function withoutShortcut(words: string[]): string[] {
  const [first = '', second, ...rest] = words
  if (Object.hasOwn(shortcuts, first)) return [...(shortcuts[first] ?? []), ...words.slice(1)]
  return second === 'ls' ? [first, 'list', ...rest] : words
}
