import {distance} from 'fastest-levenshtein'

/** The name that `wanted` is the beginning of, if there is just one, else the nearest, if any is near enough to be meant. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const [whole, ...others] = wanted.length > 2 ? names.filter(name => name.startsWith(wanted)) : []
  if (whole !== undefined && others.length === 0) return whole
  const [nearest] = [...names].sort((a, b) => distance(a, wanted) - distance(b, wanted))
  // Of a short name something has to be left, its first letter at least: others of its length are near to it by chance.
  const most = Math.min(wanted.length - 1, Math.max(2, wanted.length / 3))
  if (nearest === undefined || distance(nearest, wanted) > most) return undefined
  return wanted.length > 3 || nearest[0] === wanted[0] ? nearest : undefined
}
