import {marked} from 'marked'
import {describe, expect, it} from 'vitest'
import type {AuditReport} from '../../src/audit/audit.ts'
import {defaultPolicy, type Policy} from '../../src/audit/policy.ts'
import {mostBytes, toMarkdown} from '../../src/audit/reports/markdown.ts'
import {VpcmdError} from '../../src/errors.ts'
import {reportOf} from './report-of.ts'
import {subjectWith} from './subject.ts'

const policy: Policy = {...defaultPolicy, name: 'production'}
const good = subjectWith({name: 'good', settings: {enabled: true, protocol: 'https', response_hop_limit: 1}})
const shown = (report: AuditReport) => marked.parse(toMarkdown(report), {gfm: true, async: false})
const rowsOf = (html: string) => [...html.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) => row)
const textOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

describe('Markdown', () => {
  it('begins with what came out, and lists what violates before what is not known', () => {
    const report = reportOf(policy, [
      good,
      subjectWith({name: 'bad'}),
      subjectWith({name: 'dim', settings: {enabled: undefined, protocol: undefined, response_hop_limit: undefined}}),
    ])
    const html = shown(report)
    expect(html).toContain('Account a1. Policy production: instances in the region us-south.')
    expect(html).toMatch(/^<h2>Metadata service audit: incomplete<\/h2>\n<p>Not all could be judged.*1 of 3 violate/)
    const findings = rowsOf(html.slice(html.indexOf('<h3>Findings')))
    expect(findings.map(textOf).map(text => text.trim().split('\n')[0])).toEqual([
      'Verdict',
      'violation',
      'undetermined',
    ])
    expect(textOf(findings[1] ?? '')).toContain('protocol is http, must be https')
    expect(html).not.toContain('good')
  })

  it('shows a name as it is, whatever Markdown, HTML, link, mention or formula it may be', () => {
    const names = [
      '<img src=x onerror=alert(1)>',
      'a|b `c` *d* _e_ ~~f~~ \\| [g](https://evil.example) ![h](x)',
      'www.evil.example https://evil.example me@evil.example @security #1 :tada: $x^2$',
      '&lt;b&gt; <!-- --> </td></table>',
      'a\nb\u202ec',
    ]
    const html = shown(
      reportOf(
        policy,
        names.map(name => subjectWith({name})),
      ),
    )
    expect(html.match(/<(?!\/?(h2|h3|p|table|thead|tbody|tr|th|td|sub)\b)[^>]*>/g)).toBeNull()
    const rows = rowsOf(html.slice(html.indexOf('<h3>Findings'))).slice(1)
    for (const [index, name] of names.entries()) {
      const seen = name.replace('\n', '\\u000a').replace('\u202e', '\\u202e')
      const [, cell = ''] = /<td>violation<\/td>\s*<td>(.*?)<\/td>/s.exec(rows[index] ?? '') ?? []
      expect(textOf(cell)).toContain(seen)
    }
    expect(
      toMarkdown(
        reportOf(
          policy,
          names.map(name => subjectWith({name})),
        ),
      ),
    ).not.toMatch(/(?<!\\)[@#$:](?=\w)/)
  })

  it('says what could not be read, in which account', () => {
    const error = new VpcmdError({code: 'not_authorized', message: 'No right to list.'})
    const unread = [{account: {id: 'b2', name: 'team-b'}, region: 'eu-de', kinds: ['instance' as const], error}]
    const html = shown(reportOf(policy, [good], {unread}))
    expect(html).toContain('<li>instances of team-b, eu-de: No right to list.</li>')
    const accounts = rowsOf(html.slice(html.indexOf('<h3>Accounts'))).map(textOf)
    expect(accounts[1]).toMatch(/^\s*team-b \(b2\)\s+0\s+0\s+1\s*$/)
    expect(html).not.toContain('<h3>Findings')
  })

  it('stays below what GitHub shows, in bytes, and says how many findings it left out', () => {
    const many = Array.from({length: 9000}, (_, index) => subjectWith({name: `ü${index}-${'ö'.repeat(40)}`}))
    const text = toMarkdown(reportOf(policy, many))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(mostBytes)
    expect(Buffer.byteLength(text)).toBeGreaterThan(mostBytes - 2000)
    const listed = text.match(/^\| violation \| ü/gm)?.length ?? 0
    expect(text.split('\n').at(-4)).toContain(`**Cut.** ${listed.toLocaleString('en')} of 9,000 findings are listed`)
    expect(toMarkdown(reportOf(policy, many.slice(0, 10)))).not.toContain('Cut')
  })
})
