import {Flags, type Interfaces} from '@oclif/core'

/** The flags, below a heading of their own in help. */
export function inGroup<T extends Record<string, object>>(helpGroup: string, flags: T): T {
  for (const flag of Object.values(flags)) Object.assign(flag, {helpGroup})
  return flags
}

/** A flag that may be given more than once, with one value each time: what follows is no more of them. */
export function listFlag(options: {summary: string; helpValue: string | undefined; char?: 'r'; helpGroup?: string}) {
  return Flags.string({...options, multiple: true, multipleNonGreedy: true})
}

/** What the flags that are declared so are given, as far as they are. */
export type Given<Declared> = Partial<Interfaces.InferredFlags<Declared>>
