import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {bundle} from '../support/bundle.ts'
import {keys, type Pty, startPty} from '../support/pty.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const ctrlZ = '\x1a'
const folder = mkdtempSync(join(tmpdir(), 'vpcmd-suspend-'))
const asking = join(folder, 'ask.mjs')
const drawing = join(folder, 'draw.mjs')
let pty: Pty | undefined

beforeAll(() =>
  Promise.all([
    bundle(new URL('fixtures/ask.ts', import.meta.url), asking),
    bundle(new URL('fixtures/draw.ts', import.meta.url), drawing),
  ]),
)
afterEach(() => pty?.kill())
afterAll(() => rmSync(folder, {recursive: true, force: true}))

/** A shell with job control, as a person has it. */
async function shell(): Promise<Pty> {
  const env = {
    PATH: process.env.PATH ?? '',
    TERM: 'xterm-256color',
    HOME: folder,
    PS1: 'READY> ',
    NO_COLOR: '1',
    LANG: 'C.UTF-8',
  }
  pty = startPty('bash', ['--norc', '--noprofile', '-i'], {env})
  await pty.waitFor('READY>')
  return pty
}

/** Runs a line that is stopped with Ctrl-Z as soon as it shows `drawn`, and goes on with it. */
async function stopAndGoOn(line: string, drawn: string | RegExp, meanwhile = ''): Promise<Pty> {
  const at = await shell()
  at.write(`${line}\r`)
  await at.waitFor(drawn)
  if (meanwhile) at.write(meanwhile)
  await new Promise(resolve => setTimeout(resolve, 200))
  at.write(ctrlZ)
  await at.waitFor(/Stopped/)
  // The shell has its terminal back: it edits lines and echoes them, and the cursor is there.
  at.write('echo typ\x7f\x7f\x7fback && stty -a\r')
  await at.waitFor(/^back$/m)
  expect(at.cursorVisible()).toBe(true)
  // Longer than the prompt waits for a stop that does not come.
  await new Promise(resolve => setTimeout(resolve, 400))
  at.write('clear\r')
  await at.reply(screen => /^READY>$/.test(screen.trim()), 'fg; echo "code $?"\r')
  return at
}

const program = `'${process.execPath}' '${asking}'`
const line = (kind: string, question: object) => `${program} '${JSON.stringify([kind, question])}'`

describe('Ctrl-Z and fg', () => {
  const choices = [
    {name: 'http', value: 'http'},
    {name: 'https', value: 'https'},
  ]

  it.each<[kind: string, question: object, drawn: RegExp, typed: string, answered: string, answer: string]>([
    ['pick', {message: 'Which?', multiple: false, count: 30}, /^\d+ of|^0 selected/m, '0007', keys.enter, '7'],
    [
      'pick',
      {message: 'Which?', multiple: true, count: 30},
      /^\d+ of|^0 selected/m,
      ' ',
      `${keys.down} ${keys.enter}`,
      '[0,1]',
    ],
    ['choose', {message: 'Protocol?', choices}, /^\? Protocol/m, keys.down, keys.enter, '"https"'],
    ['number', {message: 'Limit?', min: 1, max: 64, default: 1}, /^\? Limit/m, '4', `2${keys.enter}`, '42'],
    ['confirm', {message: 'Go on?'}, /^\? Go on/m, 'y', keys.enter, 'true'],
    ['secret', {message: 'Key?'}, /^\? Key/m, 'ab', `c${keys.enter}`, '"abc"'],
  ])('draw %s %j anew, with what was typed', async (kind, question, drawn, typed, answered, answer) => {
    const at = await stopAndGoOn(line(kind, question), drawn, typed)
    const {message} = question as {message: string}
    await at.waitFor(new RegExp(`^\\? ${message.replace('?', '\\?')}`, 'm'))
    await new Promise(resolve => setTimeout(resolve, 200))
    at.write(answered)
    await at.waitFor(/code 0/)
    expect(at.screen()).toContain(`answer ${answer}`)
    // Drawn once, below what the shell has printed.
    const drawings = at.screen().match(/^[?✓].*$/gm)
    expect(drawings).toEqual([expect.stringContaining(`? ${message}`)])
    expect(at.cursorVisible()).toBe(true)
  })

  it('do so twice, and Ctrl-C still leaves', async () => {
    const at = await stopAndGoOn(line('confirm', {message: 'Go on?'}), /Go on\?/)
    await at.waitFor('? Go on?')
    await new Promise(resolve => setTimeout(resolve, 200))
    at.write(ctrlZ)
    await at.reply(/Stopped/, 'fg; echo "code $?"\r')
    await new Promise(resolve => setTimeout(resolve, 500))
    at.write(keys.ctrlC)
    await at.reply('code 130', 'stty -a\r')
    await at.waitFor(/(?<!-)icanon/)
  })

  it('draw a progress bar anew at once, with the cursor hidden until it ends', async () => {
    const at = await stopAndGoOn(`'${process.execPath}' '${drawing}'`, /Changing .*3 of 10/)
    await at.waitFor(/^Changing .*3 of 10/m)
    // What was drawn before the stop may still be on the screen.
    await expect.poll(() => at.cursorVisible()).toBe(false)
    at.write(keys.ctrlC)
    await at.waitFor(/code 130/)
    expect(at.screen()).not.toMatch(/Changing .*3 of 10/)
    expect(at.cursorVisible()).toBe(true)
  })
})

it('where nothing can be stopped, Ctrl-Z leaves the prompt as it is', async () => {
  // The first process of a session has no shell above it that could bring it back: the system ignores the stop.
  const env = {PATH: process.env.PATH ?? '', TERM: 'xterm-256color', NO_COLOR: '1'}
  pty = startPty(process.execPath, [asking, JSON.stringify(['confirm', {message: 'Go on?'}])], {env})
  await pty.waitFor('? Go on?')
  await new Promise(resolve => setTimeout(resolve, 200))
  pty.write(ctrlZ)
  await new Promise(resolve => setTimeout(resolve, 500))
  pty.write(`y${keys.enter}`)
  await pty.waitFor('answer true')
})
