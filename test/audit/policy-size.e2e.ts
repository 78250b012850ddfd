import {describe, expect, it} from 'vitest'
import {parsePolicy} from '../../src/audit/read-policy.ts'

const list = (count: number, each: (index: number) => string) => Array.from({length: count}, (_, i) => each(i)).join('')
const policy = (rules: string) => `version: 1\nrules:\n${rules}`
const rule = (name: string, require: string, match = `{name: ${name}}`) =>
  `- name: ${name}\n  match: ${match}\n  require: ${require}\n`
const written = (count: number) => policy(list(count, i => rule(`r${i}`, '{enabled: true}')))

/** How long a policy takes to be read, in milliseconds of this process, and what comes of it. */
function read(text: string): {ms: number; says: string} {
  const start = process.cpuUsage()
  let says = ''
  try {
    says = `${parsePolicy(text, 'p.yaml').rules.length} rules`
  } catch (error) {
    says = String(error)
  }
  const {user, system} = process.cpuUsage(start)
  return {ms: (user + system) / 1000, says}
}

describe('a large policy is read in a time that grows with its size alone', () => {
  const count = 10_000
  it.each<[what: string, text: string, says: RegExp]>([
    [
      'an alias in each rule',
      policy(rule('first', '&r {enabled: true}') + list(count - 1, i => rule(`r${i}`, '*r'))),
      /^10000 rules/,
    ],
    [
      'an anchor and an alias of its own in each second rule',
      policy(list(count / 2, i => rule(`r${i}`, `&r${i} {enabled: true}`) + rule(`s${i}`, `*r${i}`))),
      /^10000 rules/,
    ],
    ['aliases of nothing', policy(list(count, i => `- *r${i}\n`)), /p.yaml:3:3: there is no anchor &r0 before/],
    [
      'one name for all',
      policy(list(count, () => rule('r', '{enabled: true}'))),
      /p.yaml:6:9: rules\[1\] has the name/,
    ],
    ['rules that match everything', policy(list(count, i => rule(`r${i}`, '{enabled: true}', '{}'))), /never reached/],
    [
      'misspelt keys everywhere',
      policy(list(count, i => `- name: r${i}\n  match: {nam: x}\n  requir: {}\n`)),
      /p.yaml:4:11: .*nam.*did you mean name/,
    ],
    ['unknown keys in one place', `version: 1\n${list(60_000, i => `k${i}: 1\n`)}`, /p.yaml:2:1: there is no key k0/],
    ['one key over and over', `version: 1\n${list(60_000, () => 'k: 1\n')}`, /p.yaml:3:1: map keys must be unique/],
  ])('with %s', (_what, text, says) => {
    read(written(count))
    const usual = read(written(count))
    expect(usual.says).toBe('10000 rules')
    const found = read(text)
    expect(found.says.replace('VpcmdError: ', '')).toMatch(says)
    // Where each is compared with each it is a hundred times as long.
    expect(found.ms).toBeLessThan(5 * usual.ms)
  })
})
