import {execFileSync} from 'node:child_process'
import {expect, it} from 'vitest'
import {quoteCommand, withCloudWords} from '../src/quote-command.ts'

it.each(['plain', "it's", 'a b', '\x1b[31m', '\x9b31m', 'a\u202eb', 'zero\u200bwidth', '\u2028', '\u{e0041}'])(
  'a command line with %j in it acts on no terminal, and a shell reads the same',
  word => {
    const line = quoteCommand(['printf', '%s', word])
    expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\p{Cf}\p{Zl}\p{Default_Ignorable_Code_Point}]/u)
    expect(execFileSync('sh', ['-c', line]).toString()).toBe(word)
  },
)

it.each([
  ['Start it first: vpcmd instances start 0717_1', 'Start it first: vpcmd instances start 0717_1 --sandbox'],
  ['Try: vpcmd connect web-1 -- ls', 'Try: vpcmd connect web-1 --sandbox -- ls'],
  ['Look: vpcmd metadata show 1. Pass --yes then.', 'Look: vpcmd metadata show 1 --sandbox. Pass --yes then.'],
  ['Correct it, or: vpcmd config unset color', 'Correct it, or: vpcmd config unset color'],
])('a command that a message suggests goes to the cloud that was meant: %s', (text, pointed) => {
  expect(withCloudWords(text, ['--sandbox'])).toBe(pointed)
})

it('a command that knows of no account gets no key file', () => {
  const words = ['--api-key-file', 'my key']
  expect(withCloudWords('See: vpcmd metadata history', words)).toBe('See: vpcmd metadata history')
  expect(withCloudWords('See: vpcmd metadata show 1', words)).toBe("See: vpcmd metadata show 1 --api-key-file 'my key'")
})

it('a command that works in the accounts of its run gets no others, which it would refuse', () => {
  const words = ['--assume', 'auditor', '--account', 'all', '--enterprise', 'e', '--account-group', 'g', '--private']
  expect(withCloudWords('Finish it: vpcmd metadata resume 12ab', words)).toBe(
    'Finish it: vpcmd metadata resume 12ab --private',
  )
  expect(withCloudWords('Take it back: vpcmd metadata undo', words)).toBe('Take it back: vpcmd metadata undo --private')
})
