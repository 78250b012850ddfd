import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest'
import {createPrompter} from '../../src/terminal/prompts.ts'
import {width} from '../../src/terminal/text.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {bundle} from '../support/bundle.ts'
import {keys, type Pty, pasted, startPty} from '../support/pty.ts'
import {startOnTerminal} from '../support/run-in-process.ts'
import {answerTo} from './fixtures/answer-to.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-prompts-'))
const fixture = join(folder, 'ask.mjs')
let pty: Pty | undefined

beforeAll(() => bundle(new URL('fixtures/ask.ts', import.meta.url), fixture))
afterEach(() => pty?.kill())
afterAll(() => rmSync(folder, {recursive: true, force: true}))

type Question = [kind: 'pick' | 'choose' | 'number' | 'confirm' | 'secret', question: Record<string, unknown>]
interface Screen {
  cols?: number
  rows?: number
  env?: Record<string, string>
}

function environment(more: Record<string, string> = {}): Record<string, string> {
  return {PATH: process.env.PATH ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8', ...more}
}

function ask(question: Question, {env, ...size}: Screen = {}): Pty {
  pty = startOnTerminal(async streams => {
    const {line, exitCode} = await answerTo(JSON.stringify(question), createPrompter(streams, environment(env)))
    streams.output.write(`${line}\n`)
    return exitCode
  }, size)
  return pty
}

/** The same in a process of its own, to which signals can be sent. */
function askInProcess(question: Question): Pty {
  pty = startPty(process.execPath, [fixture, JSON.stringify(question)], {env: environment()})
  return pty
}

/** The same from a shell, which afterwards says how the terminal was left. */
function askInShell(question: Question, redirection = ''): Pty {
  const line = `"$0" "$1" "$2" ${redirection}; echo "code $?"; stty -a`
  pty = startPty('sh', ['-c', line, process.execPath, fixture, JSON.stringify(question)], {env: environment()})
  return pty
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map(width))
}

const servers = ['alpha', 'beta', 'gamma', 'delta'].map((name, index) => ({
  value: `id-${name}`,
  name,
  description: `us-south-${index % 2}`,
}))
const one: Question = ['pick', {message: 'Which one?', multiple: false, choices: servers}]
const several: Question = ['pick', {message: 'Which ones?', multiple: true, choices: servers}]
const hopLimit: Question = ['number', {message: 'Hop limit?', min: 1, max: 64, empty: 'keep: 1'}]
const confirm: Question = ['confirm', {message: 'Go on?'}]
const choose: Question = [
  'choose',
  {
    message: 'Protocol?',
    choices: [
      {name: 'http', value: 'http'},
      {name: 'https', value: 'https'},
    ],
    default: 'https',
  },
]

describe('pick one', () => {
  it('moves with the arrows and gives the value', async () => {
    const at = ask(one)
    await at.reply('> alpha', keys.down + keys.down + keys.up)
    await at.reply('> beta', keys.enter)
    await at.waitFor('answer "id-beta"')
    expect(await at.exit).toEqual({exitCode: 0})
    expect(at.cursorVisible()).toBe(true)
  })

  it('narrows by words of the name and the description, and says when nothing matches', async () => {
    const at = ask(one)
    await at.reply('4 of 4 shown', 'south-1 TA')
    await at.reply('2 of 4 shown', 'x')
    await at.reply('No matches. 0 of 4 shown', keys.enter)
    await at.reply('No matches. Change the search', keys.backspace)
    await at.reply('2 of 4 shown', keys.down)
    await at.reply('> delta', keys.enter)
    await at.waitFor('answer "id-delta"')
  })

  it('does not give what is disabled', async () => {
    const choices = [{...servers[0], disabled: 'being deleted'}, servers[1]]
    const at = ask(['pick', {message: 'Which one?', multiple: false, choices}])
    await at.reply('being deleted', keys.enter)
    await at.reply("Can't be picked: being deleted.", keys.down + keys.enter)
    await at.waitFor('answer "id-beta"')
  })
})

describe('pick several', () => {
  it('keeps what is ticked when the search changes, and gives it in the order of the list', async () => {
    const at = ask(several)
    await at.reply('0 selected, 4 of 4 shown', 'gam')
    await at.reply('1 of 4 shown', keys.space)
    await at.reply('1 selected, 1 of 4 shown', keys.backspace.repeat(3))
    await at.reply('1 selected, 4 of 4 shown', 'alpha')
    await at.reply('1 selected, 1 of 4 shown', keys.space)
    await at.reply('2 selected', keys.enter)
    await at.waitFor('answer ["id-alpha","id-gamma"]')
  })

  it('ticks and unticks all that is shown, and nothing else, with Ctrl-A', async () => {
    const at = ask(several)
    await at.reply('4 of 4 shown', keys.ctrlA)
    await at.reply('4 selected', 'south-1')
    await at.reply('4 selected, 2 of 4 shown', keys.ctrlA)
    await at.reply('2 selected, 2 of 4 shown', keys.enter)
    await at.waitFor('answer ["id-alpha","id-gamma"]')
  })

  it('inverts what is shown with Ctrl-T, unticks all with Ctrl-N, and ticks nothing with Tab', async () => {
    const at = ask(several)
    await at.reply('Ctrl-N none, Ctrl-T inverts', keys.tab + keys.space + keys.ctrlT)
    await at.reply('3 selected', 'south-1')
    await at.reply('3 selected, 2 of 4 shown', keys.ctrlT)
    await at.reply('1 selected, 2 of 4 shown', keys.ctrlN)
    await at.reply('0 selected, 2 of 4 shown', keys.ctrlT + keys.enter)
    await at.waitFor('answer ["id-beta","id-delta"]')
  })

  it('ticks a pasted list of names and IDs, and says what it could not find; Enter in it confirms nothing', async () => {
    const choices = [
      ...servers,
      {value: 'other', name: 'gamma', id: 'r-5', description: 'eu-de-1'},
      {value: 'gone', name: 'gone', description: 'eu-de-1', disabled: 'being deleted'},
    ]
    const at = ask(['pick', {message: 'Which ones?', multiple: true, choices}])
    await at.reply('6 of 6 shown', pasted('delta\rnope, alpha\ngamma gone\r\nalpha\x1b[31m'))
    await at.waitFor('Of 5 pasted: 2 selected')
    await at.waitFor(/1 not found \(nope\), 1\s+the name of several \(gamma\), 1 not to be picked\s+\(gone\)/)
    await at.reply('2 selected, 6 of 6 shown', pasted('r-5'))
    await at.reply('Of 1 pasted: 1 selected', keys.enter)
    await at.waitFor('answer ["id-alpha","id-delta","other"]')
    // The terminal is not left telling pastes to the shell.
    expect(at.written()).toMatch(/\x1b\[\?2004h[\s\S]*\x1b\[\?2004l/)
  })

  it('takes a pasted part of a name for a search', async () => {
    const at = ask(several)
    await at.reply('4 of 4 shown', pasted('alph\n'))
    await at.waitFor('Search: alph')
    await at.waitFor('0 selected, 1 of 4 shown')
    const single = ask(one)
    await single.reply('4 of 4 shown', pasted('beta\n'))
    await single.reply('1 of 4 shown', keys.enter)
    await single.waitFor('answer "id-beta"')
  })

  it('asks for a tick where Enter finds none', async () => {
    const at = ask(several)
    await at.reply('0 selected', keys.enter)
    await at.reply('Nothing selected', keys.space)
    await at.reply(screen => screen.includes('1 selected') && !screen.includes('Nothing selected'), keys.enter)
    await at.waitFor('answer ["id-alpha"]')
  })

  it('holds 5,000 choices', async () => {
    const at = ask(['pick', {message: 'Which ones?', multiple: true, count: 5000}])
    await at.reply('5000 of 5000 shown', keys.up + keys.down.repeat(100))
    await at.reply('> [ ] server-0100', '499')
    await at.reply('0 selected, 15 of 5000 shown', keys.ctrlA)
    await at.reply('15 selected', keys.backspace.repeat(3))
    await at.reply('15 selected, 5000 of 5000 shown', keys.ctrlA)
    await at.reply('5000 selected', keys.ctrlA)
    await at.reply(/(?<!\d)0 selected/, keys.enter)
    await at.waitFor('Nothing selected')
  })
})

describe('number', () => {
  it('refuses all but whole numbers within the bounds, and asks again', async () => {
    const at = ask(hopLimit)
    await at.waitFor('Hop limit? (keep: 1)')
    for (const wrong of ['0', '65', '1.5', 'abc', '-1']) {
      at.write(wrong + keys.enter)
      await at.waitFor(`Enter a whole number from 1 to 64, not "${wrong}".`)
    }
    at.write(`64${keys.enter}`)
    await at.waitFor('answer 64')
  })

  it('keeps what is there with Enter', async () => {
    const at = ask(hopLimit)
    await at.reply('Hop limit? (keep: 1)', keys.enter)
    await at.waitFor('answer undefined')
  })
})

describe('confirm and choose', () => {
  it.each([
    ['y', true],
    ['n', false],
    ['', false],
  ])('confirms "%s" as %s', async (typed, answer) => {
    const at = ask(confirm)
    await at.reply('Go on? (y/N)', typed + keys.enter)
    await at.waitFor(`answer ${answer}`)
  })

  it('takes another answer after one that is none, on an empty line', async () => {
    const at = ask(confirm)
    await at.reply('Go on? (y/N)', `q${keys.enter}`)
    await at.reply('Answer y or n.', `y${keys.enter}`)
    await at.waitFor('answer true')
    expect(at.everything()).toContain('Go on? Yes')
  })

  it('starts at the default', async () => {
    const at = ask(choose)
    await at.reply('> https', keys.enter)
    await at.waitFor('answer "https"')
  })
})

describe.each<[string, Question, string]>([
  ['pick one', one, '4 of 4 shown'],
  ['pick several', several, '4 of 4 shown'],
  ['number', hopLimit, 'Hop limit? (keep: 1)'],
  ['confirm', confirm, 'Go on? (y/N)'],
  ['choose', choose, '> https'],
])('leaving %s', (_kind, question, ready) => {
  it.each([
    ['Esc', keys.esc],
    ['Ctrl-C', keys.ctrlC],
    ['Ctrl-D', keys.ctrlD],
    // Too fast for a terminal to tell Esc alone: this must not be a yes.
    ['Esc and Enter at once', keys.esc + keys.enter],
  ])('with %s is an interruption, and leaves the terminal as it was', async (_name, key) => {
    const at = askInShell(question)
    await at.reply(ready, key)
    await at.waitFor(/(?<!-)\becho\b/)
    await at.exit
    expect(at.everything()).toContain('error interrupted')
    expect(at.everything()).toContain('code 130')
    expect(at.everything()).toMatch(/(?<!-)icanon/)
    expect(at.everything()).toMatch(/(?<!-)\becho\b/)
    expect(at.cursorVisible()).toBe(true)
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('with %s is an interruption', async signal => {
    const at = askInProcess(question)
    await at.waitFor(ready)
    at.kill(signal)
    expect(await at.exit).toEqual({exitCode: 130})
    expect(at.everything()).toContain('error interrupted')
    expect(at.cursorVisible()).toBe(true)
  })

  it('at the end of the input is an interruption', async () => {
    const at = askInShell(question, '</dev/null')
    await at.exit
    expect(at.everything()).toContain('error interrupted')
    expect(at.everything()).toContain('code 130')
  })
})

describe('what is drawn', () => {
  it('goes to the given output only', async () => {
    const file = join(folder, 'stdout')
    const at = askInShell(several, `>'${file}'`)
    await at.reply('4 of 4 shown', keys.space + keys.enter)
    await at.waitFor('code 0')
    expect(readFileSync(file, 'utf8')).toBe('answer ["id-alpha"]\n')
  })

  // An answer that is refused, where there is one, so that errors are drawn too; then one that is taken.
  it.each<[string, Question, ready: string, refused: string, refusal: string, taken: string]>([
    ['pick', several, '4 of 4 shown', keys.enter, 'Nothing selected', keys.space + keys.enter],
    ['number', hopLimit, 'Hop limit? (keep: 1)', `x${keys.enter}`, 'not "x"', keys.enter],
    ['confirm', confirm, 'Go on? (y/N)', `x${keys.enter}`, 'Answer y or n.', keys.enter],
    ['choose', choose, '> https', keys.up, '> http', keys.enter],
  ])('has no colour with NO_COLOR: %s', async (_kind, question, ready, refused, refusal, taken) => {
    const colours = /\x1b\[[\d;]*m/
    const plainly = ask(question, {env: {NO_COLOR: '1'}})
    await plainly.reply(ready, refused)
    await plainly.reply(refusal, taken)
    await plainly.exit
    expect(plainly.everything()).toContain('answer')
    expect(plainly.written()).not.toMatch(colours)

    const colourful = ask(question)
    await colourful.waitFor(ready)
    expect(colourful.written()).toMatch(colours)
  })

  it.each([true, false])('fits into 40 columns, with what was cut below the list (several: %s)', async multiple => {
    const name = `${'n'.repeat(60)}end`
    const choices = [{value: 1, name, description: 'us-south-1, running, https/2'}, ...servers]
    const at = ask(['pick', {message: 'Which of them?', multiple, choices}], {cols: 40})
    await at.waitFor('5 of 5 shown')
    expect(widest(at.screen())).toBeLessThan(40)
    expect(at.screen()).toContain('…')
    expect(at.screen().replace(/\s/g, '')).toContain(name)
    const rowsWithName = at
      .screen()
      .split('\n')
      .filter(line => line.includes('…'))
    expect(rowsWithName).toHaveLength(1)
  })

  it('is never taller than the terminal, however long the search is', async () => {
    const at = ask(['pick', {message: 'Which ones?', multiple: true, count: 300}], {cols: 40, rows: 8})
    await at.reply('300 of 300 shown', keys.down.repeat(20))
    await at.reply('> [ ] server-0020', 'z'.repeat(90))
    await at.reply(screen => screen.replace(/\s/g, '').includes(`Search:${'z'.repeat(90)}`), keys.backspace.repeat(90))
    await at.waitFor('300 of 300 shown')
    expect(at.everything().match(/Which ones\?/g)).toHaveLength(1)
    expect(at.everything().match(/of 300 shown/g)).toHaveLength(1)
  })

  it.each<[string, Question, ready: string]>([
    ['pick', several, '4 of 4 shown'],
    ['choose', choose, '> https'],
    ['number', hopLimit, 'which? (keep: 1)'],
  ])('is drawn anew at a resize, once: %s', async (_kind, [kind, question], ready) => {
    const message = `${'Of those that there are in this region, '.repeat(2)}which?`
    const at = ask([kind, {...question, message}])
    await at.reply(ready, 'x')
    for (const [cols, rows] of [
      [40, 20],
      [120, 30],
      [50, 12],
    ] as const) {
      const before = at.written().length
      at.resize(cols, rows)
      const isOnce = (screen: string) => screen.replace(/\s+/g, ' ').split('which?').length === 2
      await at.waitFor(screen => at.written().length > before && widest(screen) <= cols && isOnce(screen))
    }
    at.write(keys.backspace + (kind === 'pick' ? keys.space : '') + keys.enter)
    await at.waitFor(/answer/)
    expect(at.screen().replace(/\s+/g, ' ').split('which?')).toHaveLength(2)
  })

  it('is erased where Esc leaves it', async () => {
    const at = ask(choose)
    await at.reply('> https', keys.esc)
    await at.waitFor('error interrupted')
    expect(at.screen()).toBe('error interrupted')
  })

  it('takes what is hostile out of names', async () => {
    const hostile = 'evil\x1b[2J\x1b]0;title\x07\x1b[31mred\nnext\u202Eflip\u200B'
    const choices = [{value: 1, name: hostile, description: hostile}, ...servers]
    const at = ask(['pick', {message: hostile, multiple: false, choices}])
    await at.reply('> evilred nextflip  evilred nextflip', keys.enter)
    await at.waitFor('answer 1')
    expect(at.written()).not.toMatch(/\x1b\[2J|\x1b\]0|\x1b\[31m|[\u202E\u200B]/)
    const menu = ask(['choose', {message: hostile, choices: [{name: hostile, value: 1}]}])
    await menu.waitFor('> evilred nextflip')
    expect(menu.written()).not.toMatch(/\x1b\[2J|\x1b\]0|\x1b\[31m|[\u202E\u200B]/)
  })
})

describe('with TERM=dumb, as in a shell within Emacs', () => {
  const env = {TERM: 'dumb'}
  const choices = [
    {value: 1, name: 'alpha', id: 'id-1'},
    {value: 2, name: 'beta'},
    {value: 3, name: 'beta'},
  ].map(each => ({...each, description: 'eu-de'}))

  it.each<[string, Question, string[], string]>([
    [
      'several by number, name or ID',
      ['pick', {message: 'Which?', multiple: true, choices}],
      ['2, id-1'],
      'answer [1,2]',
    ],
    [
      'one, once it is clear which',
      ['pick', {message: 'Which?', multiple: false, choices}],
      ['', 'gamma', 'beta', '3'],
      'answer 3',
    ],
    ['an entry of a menu', choose, ['https'], 'answer "https"'],
    ['a number', hopLimit, ['65', 'x', '7'], 'answer 7'],
    ['what is there', hopLimit, [''], 'answer undefined'],
    ['yes', ['confirm', {message: 'Go on?'}], ['maybe', 'y'], 'answer true'],
    ['no, by Enter alone', ['confirm', {message: 'Go on?'}], [''], 'answer false'],
    ['nothing, where it ends', ['confirm', {message: 'Go on?'}], [keys.ctrlC], 'error interrupted'],
  ])('takes %s, without a cursor code', async (_what, question, lines, answer) => {
    const at = ask(question, {env})
    for (const [index, line] of lines.entries()) {
      await at.reply(screen => screen.split(/^\? /m).length === index + 2, `${line}\n`)
    }
    await at.waitFor(answer)
    expect(at.written()).not.toContain('\x1b')
  })

  it.each<[string, string, string]>([
    ['with a backspace', `secretpx${keys.backspace}w${keys.enter}`, 'answer "secretpw"'],
    ['that is left by Ctrl-C before Enter', `sec${keys.ctrlC}`, 'error interrupted'],
  ])('takes a secret %s, and shows none of it', async (_what, typed, answer) => {
    const at = ask(['secret', {message: 'Passphrase?'}], {env})
    await at.reply('Passphrase?', typed)
    await at.waitFor(answer)
    expect(at.written().replace(answer, '')).not.toContain('sec')
  })
})
