import {describe, expect, it} from 'vitest'
import {createProgressBar, duration} from '../../src/terminal/progress.ts'
import {width} from '../../src/terminal/text.ts'

/** A bar on a stream that keeps what is written, with a clock that stands where it is put. */
function barOn({isDumb, ...stream}: {isTTY: boolean; isDumb?: boolean; columns?: number}) {
  const written: string[] = []
  const clock = {ms: 5000}
  const bar = createProgressBar({
    stream: {...stream, write: text => written.push(text)},
    isDumb,
    verb: 'Changing',
    now: () => clock.ms,
  })
  const update = (ms: number, done: number, total = 1000, details = [`${done} changed`]) => {
    clock.ms = 5000 + ms
    bar.update({total, done, details})
  }
  return {bar, update, written}
}

describe('on a terminal', () => {
  it('draws a bar over itself, at most ten times a second, and takes it away', () => {
    const {bar, update, written} = barOn({isTTY: true, columns: 100})
    for (let ms = 1; ms <= 1000; ms++) update(ms, ms)
    expect(written.length).toBeLessThanOrEqual(12)
    expect(written.at(-1)).toBe(`\r\x1b[2KChanging ${'█'.repeat(30)} 1000 of 1000, 1000 changed, 1000/s, 0 s left`)
    bar.clear()
    bar.clear()
    expect(written.at(-1)).toBe('\r\x1b[2K')
    expect(written.filter(text => text === '\r\x1b[2K')).toHaveLength(1)
  })

  it('sends no cursor code to one that is dumb', () => {
    const {bar, update, written} = barOn({isTTY: true, isDumb: true, columns: 80})
    for (const ms of [100, 5000, 10_000, 20_000]) update(ms, ms / 100)
    bar.clear()
    expect(written).toEqual([
      'Changing: 100 of 1000, 100 changed, 10/s, 1 min 30 s left\n',
      'Changing: 200 of 1000, 200 changed, 10/s, 1 min 20 s left\n',
    ])
  })

  it.each([200, 80, 60, 40, 20, 1])('never fills the line of %i columns', columns => {
    const {update, written} = barOn({isTTY: true, columns})
    for (const [ms, done] of [
      [200, 0],
      [400, 1],
      [3_700_000, 123_456],
      [9_000_000, 999_999],
    ] as const) {
      update(ms, done, 1_000_000, [`${done} changed`, '17 failed'])
    }
    expect(written).toHaveLength(4)
    for (const text of written) expect(width(text.replace('\r\x1b[2K', ''))).toBeLessThan(Math.max(2, columns))
  })
})

it('elsewhere writes a line every ten seconds, and none for what is over before', () => {
  const {bar, update, written} = barOn({isTTY: false})
  for (let s = 1; s <= 35; s++) update(s * 1000, s * 10, 350)
  bar.clear()
  expect(written).toEqual([
    'Changing: 100 of 350, 100 changed, 10/s, 25 s left\n',
    'Changing: 200 of 350, 200 changed, 10/s, 15 s left\n',
    'Changing: 300 of 350, 300 changed, 10/s, 5 s left\n',
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
