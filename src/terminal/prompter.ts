export interface Choice<T> {
  value: T
  name: string
  /** What tells it from the others, in a few words; searched like the name. */
  description: string
  /** Why it can't be picked, in a few words. */
  disabled?: string
  /** What else a pasted list may call it, such as its ID. */
  id?: string
  /** Whether it is ticked from the beginning, where several are picked. */
  isTicked?: boolean
}

export interface PickQuestion<T> {
  message: string
  choices: readonly Choice<T>[]
}

/** Questions to a person. Whatever they print is made safe for a terminal first. */
export interface Prompter {
  /** A list that narrows as one types. At least one is picked; several come in the order of the choices. */
  pick<T>(question: PickQuestion<T> & {multiple: true}): Promise<T[]>
  pick<T>(question: PickQuestion<T> & {multiple: false}): Promise<T>
  /** One of a few, such as the entries of a menu. */
  choose<T>(question: {message: string; choices: readonly {name: string; value: T}[]; default?: T}): Promise<T>
  /**
   * A whole number from min to max; anything else is refused with a line that says so, and asked again. Enter alone gives
   * undefined where `empty` says what that means.
   */
  number(question: {message: string; min: number; max: number; empty?: string}): Promise<number | undefined>
  /** A line of text; one of which `problemOf` says what is wrong is asked for again, with that line below. */
  text(question: {message: string; problemOf: (typed: string) => string | undefined}): Promise<string>
  /** Yes or no; Enter alone means no where there is no default. */
  confirm(question: {message: string; default?: boolean}): Promise<boolean>
  /** A line of text that is not shown as it is typed. */
  secret(question: {message: string}): Promise<string>
  /** How many rows of the terminal the last question that was answered takes there; nothing where it has left none. */
  rowsLeft?: number
}

/** What a yes-or-no question takes, beside it. */
export function yesOrNoHint(preset: boolean): string {
  return preset ? '(Y/n)' : '(y/N)'
}

/** What a line answers to a yes-or-no question, of which Enter alone is `preset`; undefined where it answers neither. */
export function yesOrNo(typed: string, preset: boolean): boolean | undefined {
  const word = typed.trim().toLowerCase()
  if (word === '') return preset
  return word === 'y' || word === 'yes' ? true : word === 'n' || word === 'no' ? false : undefined
}

export const notYesOrNo = 'Answer y or n.'
