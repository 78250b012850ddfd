import {createInterface} from 'node:readline'
import {onEnding} from '../signals.ts'
import {type Choice, notYesOrNo, type PickQuestion, type Prompter, yesOrNo, yesOrNoHint} from './prompter.ts'
import {interrupted} from './steps.ts'
import type {Streams} from './suspendable.ts'
import {pad, plain, width} from './text.ts'
import {dropTypedAhead} from './typed-ahead.ts'

/** Of more choices, the others are picked by their names. */
const mostListed = 50

/** What a line answers, or what is wrong with it. */
type Read<T> = (typed: string) => {value: T} | {problem: string}

/**
 * Prompts for a terminal without cursor codes (TERM=dumb), such as a shell within Emacs: choices are numbered, and every
 * answer is a line. Ctrl-C, Ctrl-D and signals give the error `interrupted`; there is no Esc.
 */
export function createPlainPrompter(streams: Streams): Prompter {
  const {output} = streams
  const ask = async <T>(message: string, read: Read<T>): Promise<T> => {
    for (;;) {
      output.write(`? ${plain(message)} `)
      const answer = read((await readLine(streams)).trim())
      if ('value' in answer) return answer.value
      output.write(`${plain(answer.problem)}\n`)
    }
  }

  function pick<T>(question: PickQuestion<T> & {multiple: true}): Promise<T[]>
  function pick<T>(question: PickQuestion<T> & {multiple: false}): Promise<T>
  async function pick<T>({message, choices, multiple}: PickQuestion<T> & {multiple: boolean}): Promise<T | T[]> {
    const listed = choices.slice(0, mostListed)
    const nameWidth = Math.max(...listed.map(({name}) => width(plain(name))))
    for (const [index, {name, description, disabled}] of listed.entries()) {
      const why = disabled === undefined ? '' : ` (${plain(disabled)})`
      output.write(
        `${String(index + 1).padStart(4)}  ${pad(plain(name), nameWidth)}  ${plain(description)}${why}`.trimEnd(),
      )
      output.write('\n')
    }
    if (choices.length > mostListed) output.write(`      and ${choices.length - mostListed} more, by name\n`)
    const how = multiple ? '(numbers, names or IDs)' : '(number or name)'
    const picked = await ask(`${message} ${how}`, typed => pickedBy(typed, choices, multiple))
    const values = choices.filter(choice => picked.has(choice)).map(({value}) => value)
    const [first] = values
    return multiple ? values : (first as T)
  }

  return {
    pick,
    choose: ({message, choices}) =>
      pick({message, choices: choices.map(each => ({...each, description: ''})), multiple: false}),
    number: ({message, min, max, empty}) =>
      ask<number | undefined>(empty === undefined ? message : `${message} (${empty})`, typed => {
        if (typed === '' && empty !== undefined) return {value: undefined}
        const isRight = /^\d+$/.test(typed) && Number(typed) >= min && Number(typed) <= max
        return isRight
          ? {value: Number(typed)}
          : {problem: `Enter a whole number from ${min} to ${max}, not "${typed}".`}
      }),
    text: ({message, problemOf}) =>
      ask<string>(message, typed => {
        const problem = problemOf(typed)
        return problem === undefined ? {value: typed} : {problem}
      }),
    async confirm({message, default: preset = false}) {
      await dropTypedAhead(streams)
      return ask<boolean>(`${message} ${yesOrNoHint(preset)}`, typed => {
        const value = yesOrNo(typed, preset)
        return value === undefined ? {problem: notYesOrNo} : {value}
      })
    },
    secret: async ({message}) => {
      output.write(`? ${plain(message)} `)
      const {input} = streams
      // The terminal echoes what is typed unless it is raw.
      input.setRawMode?.(true)
      try {
        return await readSecret(streams)
      } finally {
        input.setRawMode?.(false)
        output.write('\n')
      }
    },
  }
}

function pickedBy<T>(
  typed: string,
  choices: readonly Choice<T>[],
  multiple: boolean,
): ReturnType<Read<Set<Choice<T>>>> {
  const words = typed.split(/[\s,]+/).filter(word => word !== '')
  if (words.length === 0 || (!multiple && words.length > 1)) {
    return {problem: multiple ? 'Pick one at least.' : 'Pick one.'}
  }
  const picked = new Set<Choice<T>>()
  for (const word of words) {
    const listed = /^\d+$/.test(word) ? choices.slice(0, mostListed)[Number(word) - 1] : undefined
    const found = listed ? [listed] : choices.filter(({name, id}) => name === word || id === word)
    const [only, other] = found
    if (!only) return {problem: `There is no ${word} to pick.`}
    if (other) return {problem: `${found.length} are called ${word}: use a number or an ID.`}
    if (only.disabled !== undefined) return {problem: `${word} can't be picked: ${only.disabled}.`}
    picked.add(only)
  }
  return {value: picked}
}

/** A line of a terminal that is raw, as `readLine`: the terminal itself then neither edits nor interrupts. */
function readSecret({input, output}: Streams): Promise<string> {
  let typed = ''
  let dispose = () => {}
  return new Promise<string>((resolve, reject) => {
    const leave = () => {
      output.write('\n')
      reject(interrupted())
    }
    const take = (chunk: Buffer | string) => {
      const text = String(chunk)
      for (const [at, char] of Array.from(text).entries()) {
        if (char === '\x03' || char === '\x04') return leave()
        if (char === '\r' || char === '\n') {
          const rest = Array.from(text)
            .slice(at + 1)
            .join('')
          if (rest !== '') input.unshift(rest)
          return resolve(typed)
        }
        typed = char === '\x7f' || char === '\b' ? Array.from(typed).slice(0, -1).join('') : typed + char
      }
    }
    const stopListening = onEnding(leave)
    input.on('data', take)
    input.once('end', leave)
    dispose = () => {
      stopListening()
      input.off('data', take)
      input.off('end', leave)
      input.pause()
    }
  }).finally(() => dispose())
}

/** A line of the terminal. Rejects with `interrupted` where none comes any more. */
function readLine({input, output}: Streams): Promise<string> {
  const lines = createInterface({input, terminal: false})
  let dispose = () => {}
  return new Promise<string>((resolve, reject) => {
    const leave = () => {
      // What is said next begins a line of its own.
      output.write('\n')
      reject(interrupted())
    }
    dispose = onEnding(leave)
    lines.once('line', line => (line.includes('\x03') ? leave() : resolve(line)))
    lines.once('close', leave)
  }).finally(() => {
    dispose()
    lines.removeAllListeners('close')
    lines.close()
  })
}
