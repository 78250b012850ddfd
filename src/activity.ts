/** Something in progress, in words for a person. */
export interface Activity {
  /** `Changing`, or `Reading 13 regions`. */
  verb: string
  /** How far it is, such as `9 done`. */
  facts: string[]
  /** Where it is known how much there is to do. */
  share?: {total: number; done: number}
}

/** Tells what is under way, as often as it is asked, until the function that is returned is called; what is `minor` only where there is nothing else to tell. */
export type ShowActivity = (now: () => Activity, rank?: 'minor') => () => void
