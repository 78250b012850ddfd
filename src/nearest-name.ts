import {distance} from 'fastest-levenshtein'

/** The name that is nearest to `wanted`, if any is near enough to be meant. */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const [nearest] = [...names].sort((a, b) => distance(a, wanted) - distance(b, wanted))
  return nearest !== undefined && distance(nearest, wanted) <= Math.max(2, wanted.length / 3) ? nearest : undefined
}
