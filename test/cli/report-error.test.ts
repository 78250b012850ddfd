import {beforeEach, expect, it} from 'vitest'
import {describeParseError} from '../../src/cli/parse-error.ts'
import {type ReportOptions, reportError} from '../../src/cli/report-error.ts'
import {usageError, VpcmdError} from '../../src/errors.ts'

const key = 'the-api-key "1"'
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'
// Window title, clear screen, a C1 escape sequence, right-to-left override, zero width space, a key split by what is invisible.
const hostile = `\x1b]0;title\x07\x1b[2J\x9b31m\u202e\u200b${token} ${key.slice(0, 3)}\u200b${key.slice(3)} ${encodeURIComponent(key)}`

let stdout = ''
let stderr = ''
beforeEach(() => {
  stdout = ''
  stderr = ''
})
const host = {
  env: {NO_COLOR: '1'},
  stdout: {
    write(text: string | Uint8Array) {
      stdout += text
    },
  },
  stderr: {
    write(text: string | Uint8Array) {
      stderr += text
    },
  },
  interruptedCode: () => 130,
}
const report = (thrown: unknown, options: ReportOptions) => reportError(thrown, options, host)

function hostileError(): VpcmdError {
  const error = new VpcmdError({
    code: `code${hostile}`,
    message: `m${hostile}`,
    hint: `h${hostile}`,
    trace: `t${hostile}`,
  })
  error.cause = new Error(`inner${hostile}`)
  return error
}

const expectClean = (text: string) => {
  expect(text).not.toMatch(/eyJ|the-api-key|the-api-key%20|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e]/)
  expect(text).toContain('[token] [secret] [secret]')
}

it('takes secrets and what acts on a terminal out of every part of an error, its stack and its cause', async () => {
  expect(await report(hostileError(), {json: false, debug: true, secrets: [key]})).toBe(1)
  expectClean(stderr)
  expect(stderr).toMatch(/^Error: m/)
  expect(stderr).toMatch(/^h/m)
  expect(stderr).toMatch(/\(trace: t/)
  expect(stderr).toMatch(/^VpcmdError: m/m)
  expect(stderr).toMatch(/^Caused by: Error: inner/m)
  expect(stderr).toMatch(/^ {4}at /m)
  expect(stdout).toBe('')
})

it('does so in JSON, too, which stays JSON', async () => {
  expect(await report(hostileError(), {json: true, debug: false, secrets: [key]})).toBe(1)
  expectClean(stdout)
  const {error} = JSON.parse(stdout)
  for (const [name, start] of Object.entries({code: 'code', message: 'm', hint: 'h', trace: 't'})) {
    expect(error[name]).toMatch(new RegExp(`^${start}`))
    expectClean(error[name])
  }
})

it('names a flag as it was typed, but for what acts on a terminal', async () => {
  const unknown = Object.assign(new Error('x'), {oclif: {exit: 2}, flags: ['--\x1b[31mnme\u202e']})
  const told = describeParseError(unknown, {flags: {name: {}}, args: [], usage: 'vpcmd x', command: 'x'})
  await report(told, {json: false, debug: false, secrets: []})
  expect(stderr).toBe('Error: Unknown flag --nme. Did you mean --name?\n')
})

it('calls what was thrown by mistake a bug, and says how to report it and how to see what was changed', async () => {
  expect(await report(new TypeError('x is not a function'), {json: false, debug: false, secrets: []})).toBe(1)
  expect(stderr).toBe(
    'Error: Unexpected error: x is not a function. This is a bug in vpcmd.\n' +
      'If it was changing servers, see what it has done: vpcmd metadata history. Report the bug with the output of vpcmd --version and of the same command with --debug.\n',
  )
})

it('says no such thing of an error on purpose', async () => {
  expect(await report(usageError('No.', 'Yes.'), {json: false, debug: false, secrets: []})).toBe(2)
  expect(stderr).toBe('Error: No.\nYes.\n')
})
