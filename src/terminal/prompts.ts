import {platform} from 'node:os'
import {onEnding} from '../signals.ts'
import {createPlainPrompter} from './plain-prompts.ts'
import {notYesOrNo, type PickQuestion, type Prompter, yesOrNo, yesOrNoHint} from './prompter.ts'
import {interrupted, StepBack} from './steps.ts'
import {bold, colorsFor, cyan, dim, red} from './style.ts'
import {inputEndings, type Streams, suspendable} from './suspendable.ts'
import {symbolsFor} from './symbols.ts'
import {plain, wrap} from './text.ts'
import {dropTypedAhead} from './typed-ahead.ts'

export type {Choice, PickQuestion, Prompter} from './prompter.ts'

/**
 * Prompts on the given terminal; plain ones where it has no cursor codes (TERM=dumb). Ctrl-C, Ctrl-D, the end of input, SIGINT, SIGTERM and SIGHUP all give the error
 * `interrupted` (exit 130), and Esc gives StepBack, with the question erased; in any case the cursor is shown and the
 * terminal out of raw mode. inquirer is loaded with the first question only.
 */
export function createPrompter(streams: Streams, env: NodeJS.ProcessEnv): Prompter {
  if (env.TERM === 'dumb') return createPlainPrompter(streams)
  const color = colorsFor(streams.output, env)
  const symbols = symbolsFor(env, platform())
  const theme = themeFor(color)
  let rowsLeft = 0
  const onAnswered = (rows: number) => {
    rowsLeft = rows
  }

  /** Asks one question of inquirer's own kinds. */
  const ask = <Answer>(type: 'select' | 'input' | 'password', message: string, more: object = {}) =>
    interruptible(streams, onAnswered, async (context): Promise<Answer> => {
      const {createPromptModule} = await import('inquirer')
      // inquirer would break it within words; room is left for what it adds at the end.
      const lines = wrap(plain(message), Math.max(20, (streams.output.columns || 80) - 12))
      const question = {type, name: 'answer', message: lines.join('\n'), theme, ...more}
      return (await createPromptModule(context)(question as Parameters<ReturnType<typeof createPromptModule>>[0]))
        .answer
    })

  function pick<T>(question: PickQuestion<T> & {multiple: true}): Promise<T[]>
  function pick<T>(question: PickQuestion<T> & {multiple: false}): Promise<T>
  async function pick<T>({message, choices, multiple}: PickQuestion<T> & {multiple: boolean}): Promise<T | T[]> {
    const rows = choices.map(({name, description, disabled, id, isTicked = false}) => ({
      name: plain(name),
      id: id && plain(id),
      isTicked,
      description: plain(description),
      disabled: disabled && plain(disabled),
    }))
    const size = () => ({columns: streams.output.columns || 80, rows: streams.output.rows || 24})
    const onResize = (draw: () => void) => {
      streams.output.on('resize', draw)
      return () => {
        streams.output.off('resize', draw)
      }
    }
    // With a search, Esc takes that away first.
    const searches = {current: false}
    const askForRows = async (context: PromptContext) => {
      const {pickPrompt} = await import('./pick-prompt.ts')
      return pickPrompt({message: plain(message), rows, multiple, color, symbols, size, onResize, searches}, context)
    }
    const picked = await interruptible(streams, onAnswered, askForRows, {
      tellsPastes: true,
      drawsItself: true,
      takesEscape: () => searches.current,
    })
    const values = picked.map(index => valueAt(choices, index))
    return multiple ? values : valueAt(choices, picked[0] ?? -1)
  }

  return {
    get rowsLeft() {
      return rowsLeft
    },
    pick,
    // Not inquirer's own, which leaves a wrong answer where the next one is typed.
    async confirm({message, default: preset = false}) {
      await dropTypedAhead(streams)
      const isYes = (typed: string) => yesOrNo(typed, preset)
      const whileOpen = (text: string, status: string) =>
        theme.style.message(text) + (status === 'done' ? '' : ` ${yesOrNoHint(preset)}`)
      const more = {
        validate: (typed: string) => isYes(typed) !== undefined || notYesOrNo,
        transformer: (typed: string, {isFinal}: {isFinal: boolean}) =>
          isFinal ? (isYes(typed) ? 'Yes' : 'No') : typed,
        theme: {...theme, validationFailureMode: 'clear', style: {...theme.style, message: whileOpen}},
      }
      return isYes(await ask<string>('input', message, more)) === true
    },
    secret: ({message}) => ask('password', message),

    choose: async ({message, choices, default: preset}) => {
      const index = await ask<number>('select', message, {
        choices: choices.map(({name}, value) => ({name: plain(name), value})),
        // All of them where there is room: nobody looks for what is not there.
        pageSize: Math.max(3, Math.min(choices.length, (streams.output.rows || 24) - 4)),
        default: Math.max(
          0,
          choices.findIndex(({value}) => value === preset),
        ),
      })
      return valueAt(choices, index)
    },

    text: ({message, problemOf}) =>
      ask('input', message, {
        validate: (typed: string) => {
          const problem = problemOf(typed)
          return problem === undefined || wrap(plain(problem), (streams.output.columns || 80) - 1).join('\n')
        },
        theme: {...theme, validationFailureMode: 'keep'},
      }),

    // Not inquirer's number prompt: it takes 1e1 and 0x10 for numbers, and does not say what is wrong with `abc`.
    number: async ({message, min, max, empty}) => {
      const answer = await ask<string>('input', message, {
        default: empty,
        validate: (typed: string) =>
          (empty !== undefined && typed === empty) ||
          isWholeNumber(typed, min, max) ||
          `Enter a whole number from ${min} to ${max}, not "${plain(typed)}".`,
        theme: {...theme, validationFailureMode: 'clear'},
      })
      return answer === empty ? undefined : Number(answer)
    },
  }
}

interface PromptContext {
  input: NodeJS.ReadStream
  output: NodeJS.WritableStream
  signal: AbortSignal
}

/** Asks, and turns every way of leaving a question into the one error. inquirer itself knows Ctrl-C only. */
async function interruptible<T>(
  streams: Streams,
  onAnswered: (rows: number) => void,
  ask: (context: PromptContext) => Promise<T>,
  options?: {tellsPastes: boolean; drawsItself: boolean; takesEscape(): boolean},
): Promise<T> {
  const {input} = streams
  const controller = new AbortController()
  const terminal = suspendable(streams, options)
  let isStepBack = false
  const interrupt = () => controller.abort()
  const onKeypress = (_text: string | undefined, key: {name?: string; ctrl?: boolean; meta?: boolean}) => {
    // Esc is known as such after half a second without another key; Enter within that time is still Esc, not a yes.
    const isEscape = key.name === 'escape' || (key.meta && (key.name === 'return' || key.name === 'enter'))
    if (isEscape && options?.takesEscape()) return
    if (isEscape && !controller.signal.aborted) {
      isStepBack = true
      terminal.erase()
    }
    if (isEscape || (key.ctrl && key.name === 'd')) interrupt()
  }
  input.on('keypress', onKeypress)
  for (const ending of inputEndings) input.on(ending, interrupt)
  // Once: the next one ends the process, however the prompt takes the first.
  const dispose = onEnding(() => {
    dispose()
    interrupt()
  })
  const left = () => (isStepBack ? new StepBack() : interrupted())
  if (input.readableEnded || input.destroyed) interrupt()
  try {
    const answer = await ask({input, output: terminal.output, signal: controller.signal})
    // A signal that came after the answer and before anyone acted on it is still one.
    if (controller.signal.aborted) throw left()
    onAnswered(terminal.rows())
    return answer
  } catch (error) {
    if (error instanceof Error && interruptions.includes(error.name)) throw left()
    throw error
  } finally {
    input.off('keypress', onKeypress)
    for (const ending of inputEndings) input.off(ending, interrupt)
    dispose()
    terminal.dispose()
  }
}

// The names of @inquirer/core's errors for a signal that was aborted and for Ctrl-C.
const interruptions = ['AbortPromptError', 'ExitPromptError']

function isWholeNumber(typed: string, min: number, max: number): boolean {
  return /^\s*\d+\s*$/.test(typed) && Number(typed) >= min && Number(typed) <= max
}

function valueAt<T>(choices: readonly {value: T}[], index: number): T {
  const choice = choices[index]
  if (!choice) throw new RangeError(`No choice has the index ${index}.`)
  return choice.value
}

/** inquirer's theme with our colours, or with none: its own ignores NO_COLOR on some versions of Node. */
function themeFor(color: boolean) {
  const paint = (style: (text: string) => string) => (color ? style : (text: string) => text)
  return {
    // A tick would say that something was done, also before a No: it is for results alone.
    prefix: {idle: '?', done: '?'},
    icon: {cursor: '>'},
    style: {
      message: paint(bold),
      answer: paint(cyan),
      highlight: paint(cyan),
      key: paint(bold),
      error: paint(red),
      help: paint(dim),
      disabled: paint(dim),
      description: paint(dim),
      defaultAnswer: (text: string) => paint(dim)(`(${text})`),
      keysHelpTip: () => paint(dim)('Up and down to move, Enter to pick, Esc to go back or leave.'),
    },
  }
}
