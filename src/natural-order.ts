let order: Intl.Collator | undefined

/** Compares texts as people order them: `web-2` before `web-10`. The first call takes some milliseconds. */
export function naturalOrder(): Intl.Collator['compare'] {
  order ??= new Intl.Collator('en', {numeric: true})
  return order.compare
}
