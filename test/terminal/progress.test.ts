import {describe, expect, it} from 'vitest'
import type {Activity} from '../../src/activity.ts'
import {duration, ProgressLine} from '../../src/terminal/progress.ts'
import {symbolsFor} from '../../src/terminal/symbols.ts'
import {width} from '../../src/terminal/text.ts'

const hide = '\x1b[?25l'
const show = '\x1b[?25h'
const erase = '\r\x1b[2K'

/** A line on a stream that keeps what is written, with a clock that moves when it is told to. */
function lineOn({
  isDumb,
  locale = 'C.UTF-8',
  ...stream
}: {
  isTTY: boolean
  isDumb?: boolean
  columns?: number
  locale?: string
}) {
  const written: string[] = []
  const resized: (() => void)[] = []
  let ms = 5000
  let timers: {at: number; callBack(): void}[] = []
  const tall = {
    ...stream,
    write: (text: string) => written.push(text),
    on: (_event: string, listener: () => void) => resized.push(listener),
    off: () => resized.splice(0),
  }
  const line = new ProgressLine({
    stream: tall,
    isDumb,
    symbols: symbolsFor({LANG: locale}, 'linux'),
    startedAt: ms,
    now: () => ms,
    after(wait, callBack) {
      const timer = {at: ms + wait, callBack}
      timers.push(timer)
      return () => {
        timers = timers.filter(each => each !== timer)
      }
    },
  })
  /** Lets time pass, and gives what was written meanwhile. */
  const pass = (wait: number): string[] => {
    const before = written.length
    for (const end = ms + wait; ms < end; ) {
      ms++
      const due = timers.filter(({at}) => at <= ms)
      timers = timers.filter(({at}) => at > ms)
      for (const {callBack} of due) callBack()
    }
    return written.slice(before)
  }
  const resize = (columns: number) => {
    tall.columns = columns
    for (const listener of resized) listener()
  }
  return {line, pass, written, resize}
}

const reading: Activity = {verb: 'Reading 13 regions', facts: ['9 done', '4,210 instances']}

describe('on a terminal', () => {
  it('says what goes on after 300 ms of silence, over and over in the same line, and leaves nothing behind', () => {
    const {line, pass, written} = lineOn({isTTY: true, columns: 100})
    line.show(() => reading)
    expect(pass(299)).toEqual([])
    expect(pass(1)).toEqual([hide, `${erase}⠋ Reading 13 regions: 9 done, 4,210 instances`])
    expect(pass(200)).toEqual([
      `${erase}⠙ Reading 13 regions: 9 done, 4,210 instances`,
      `${erase}⠹ Reading 13 regions: 9 done, 4,210 instances`,
    ])
    line.end()
    expect(written.at(-1)).toBe(`${erase}${show}`)
    expect(pass(20_000)).toEqual([])
  })

  it('makes room for what is printed, and waits for silence again', () => {
    const {line, pass, written} = lineOn({isTTY: true, columns: 100})
    line.show(() => reading)
    pass(300)
    line.hush()
    line.hush()
    expect(written.at(-1)).toBe(`${erase}${show}`)
    expect(written.filter(text => text === `${erase}${show}`)).toHaveLength(1)
    expect(pass(299)).toEqual([])
    line.hush()
    expect(pass(299)).toEqual([])
    expect(pass(1)).toHaveLength(2)
  })

  it('says nothing while a question is open', async () => {
    const {line, pass} = lineOn({isTTY: true, columns: 100})
    pass(300)
    let answer = (_text: string) => {}
    const asked = line.during(() => new Promise<string>(resolve => (answer = resolve)))
    expect(pass(60_000)).toEqual([])
    answer('yes')
    expect(await asked).toBe('yes')
    expect(pass(300)).toHaveLength(2)
  })

  it('draws a bar where it is known how much there is to do', () => {
    const {line, pass, written} = lineOn({isTTY: true, columns: 100})
    let done = 0
    line.show(() => ({verb: 'Changing', facts: [`${done} changed`], share: {total: 1000, done}}))
    pass(500)
    done = 500
    pass(500)
    expect(written.at(-1)).toBe(
      `${erase}Changing ${'█'.repeat(15)}${'░'.repeat(15)} 500 of 1000, 500 changed, 500/s, 1 s left`,
    )
  })

  it('shows what began last, minor things only alone, and whom it waits for as long as that lasts', () => {
    const {line, pass, written} = lineOn({isTTY: true, columns: 100})
    const endReading = line.show(() => reading)
    line.show(() => ({verb: 'Waiting for us-south', facts: []}), 'minor')
    line.waitFor('waiting 3 s: 503 from jp-tok', 3000)
    pass(400)
    expect(written.at(-1)).toMatch(/ Reading 13 regions: 9 done, 4,210 instances, waiting 3 s: 503 from jp-tok$/)
    pass(3000)
    expect(written.at(-1)).toMatch(/ Reading 13 regions: 9 done, 4,210 instances$/)
    endReading()
    pass(100)
    expect(written.at(-1)).toMatch(/ Waiting for us-south$/)
  })

  it('of another size draws anew at once, and erases what was broken into two lines', () => {
    const {line, pass, written, resize} = lineOn({isTTY: true, columns: 100})
    line.show(() => reading)
    pass(300)
    resize(30)
    expect(written.at(-1)).toBe('\x1b[1A\r\x1b[J⠙ Reading 13 regions: 9 do…')
    resize(100)
    expect(written.at(-1)).toBe(`${erase}⠹ Reading 13 regions: 9 done, 4,210 instances`)
  })

  it('prints ASCII only where the locale has nothing else', () => {
    const {line, pass, written} = lineOn({isTTY: true, columns: 60, locale: 'C'})
    line.show(() => ({verb: 'Changing', facts: [], share: {total: 4, done: 1}}))
    pass(400)
    expect(written.at(-1)).toMatch(/Changing #+\.+ 1 of 4/)
    line.show(() => ({verb: 'Reading '.repeat(20), facts: []}))
    pass(100)
    expect(written.join('')).toMatch(/^[\x1b\r -~]*$/)
    expect(written.at(-1)).toMatch(/\.\.\.$/)
  })

  it('sends no cursor code to one that is dumb', () => {
    const {line, pass} = lineOn({isTTY: true, isDumb: true, columns: 80})
    line.show(() => reading)
    expect(pass(25_000)).toEqual([
      'Reading 13 regions: 9 done, 4,210 instances.\n',
      'Reading 13 regions: 9 done, 4,210 instances.\n',
    ])
  })

  it.each([200, 80, 60, 40, 20, 2])('never fills the line of %i columns', columns => {
    const {line, pass, written} = lineOn({isTTY: true, columns})
    line.show(() => ({verb: 'Waiting for a long while', facts: ['日本語', '17 failed']}))
    pass(500)
    line.show(() => ({verb: 'Changing', facts: ['1 changed', '17 failed'], share: {total: 1_000_000, done: 123_456}}))
    pass(500)
    expect(written.length).toBeGreaterThan(6)
    for (const text of written) expect(width(text.replace(erase, ''))).toBeLessThan(columns)
  })
})

it('elsewhere writes a line after ten seconds of silence, and none for what is over before', () => {
  const {line, pass, written} = lineOn({isTTY: false})
  let done = 0
  line.show(() => ({verb: 'Changing', facts: [`${done} changed`], share: {total: 350, done}}))
  for (let s = 1; s <= 35; s++) {
    done = s * 10
    pass(1000)
    if (s === 5) line.hush()
  }
  line.end()
  expect(written).toEqual([
    'Changing: 150 of 350, 150 changed, 10/s, 20 s left.\n',
    'Changing: 250 of 350, 250 changed, 10/s, 10 s left.\n',
    'Changing: 350 of 350, 350 changed, 10/s, 0 s left.\n',
  ])
})

it.each([
  [0.2, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [3599.6, '1 h 0 min'],
  [7384, '2 h 3 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})
