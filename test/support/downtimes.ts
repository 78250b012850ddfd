import type {Downtime} from '../../src/sandbox/index.ts'

/** How many of `downtimes` there were at once, at most. One that ends when another begins is not down with it. */
export function mostAtOnce(downtimes: readonly Downtime[]): number {
  const steps = downtimes.flatMap(({from, to}) => [
    {at: from, by: 1},
    {at: to ?? Number.POSITIVE_INFINITY, by: -1},
  ])
  let down = 0
  let most = 0
  for (const {by} of steps.sort((a, b) => a.at - b.at || a.by - b.by)) {
    down += by
    most = Math.max(most, down)
  }
  return most
}

interface Row {
  name: string
  restart?: {result: string; reason?: string; risks?: {kind: string}[]; error?: {code: string}} | null
}
/** What became of the restart of each instance, by its name, in what a command printed as JSON. */
export function restartsIn({stdout}: {stdout: string}): Record<string, Row['restart']> {
  const lists: Record<string, Row[]> = JSON.parse(stdout)
  return Object.fromEntries(
    Object.values(lists)
      .flat()
      .map(({name, restart}) => [name, restart]),
  )
}
