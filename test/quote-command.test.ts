import {execFileSync} from 'node:child_process'
import {expect, it} from 'vitest'
import {quoteCommand} from '../src/quote-command.ts'

it.each(['plain', "it's", 'a b', '\x1b[31m', '\x9b31m', 'a\u202eb', 'zero\u200bwidth', '\u2028', '\u{e0041}'])(
  'a command line with %j in it acts on no terminal, and a shell reads the same',
  word => {
    const line = quoteCommand(['printf', '%s', word])
    expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\p{Cf}\p{Zl}\p{Default_Ignorable_Code_Point}]/u)
    expect(execFileSync('sh', ['-c', line]).toString()).toBe(word)
  },
)
