import {distance} from 'fastest-levenshtein'

/** The name that is nearest to `wanted`, if any is near enough to be meant. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const [nearest] = [...names].sort((a, b) => distance(a, wanted) - distance(b, wanted))
  // Of a short name something has to be left.
  const most = Math.min(wanted.length - 1, Math.max(2, wanted.length / 3))
  return nearest !== undefined && distance(nearest, wanted) <= most ? nearest : undefined
}
