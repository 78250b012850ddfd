import {createHash} from 'node:crypto'
import {raw} from 'hono/html'
import {countEach, counted} from '../../counted.ts'
import {accountsOf, isOfSeveralAccounts, unreadInWords} from '../accounts.ts'
import {type AuditReport, resultOf} from '../audit.ts'
import {type Judgement, type Verdict, violationInWords} from '../judge.ts'
import {requirementInWords} from '../policy.ts'
import {label} from '../subjects.ts'
import {countLabel, lead, scopeLine, verdictOf} from '../summary.ts'
import {jsonForScript, visible} from './escapes.ts'
import {Card, NumberCell, Table} from './html-blocks.tsx'
import {AccountChart, RegionChart, Ring, VpcChart} from './html-charts.tsx'
import {List, listData} from './html-list.tsx'
import sheet from './html-page.css?raw'
import script from './html-page.js?raw'

/** The colours of what belongs to a verdict, on light and on dark: one to fill with, a tint, and one for text on the tint. */
const colours: Record<Verdict, {light: string[]; dark: string[]}> = {
  compliant: {light: ['#11806a', '#e2f3ee', '#0a5445'], dark: ['#2fae92', '#12332c', '#7fdcc6']},
  violation: {light: ['#c8321f', '#fce8e5', '#95200f'], dark: ['#ee6a55', '#43201b', '#ffb4a7']},
  exempt: {light: ['#66789c', '#e9edf5', '#3f4e6d'], dark: ['#8496bb', '#262f41', '#c0cce6']},
  unmatched: {light: ['#a66a00', '#fbf0da', '#724900'], dark: ['#d59a2b', '#3a2c10', '#f3c877']},
  undetermined: {light: ['#7d4bc4', '#f0e9fb', '#5a2f98'], dark: ['#a98be6', '#30254a', '#d0bcf8']},
}

function coloursOn(ground: 'light' | 'dark'): string {
  const rules = Object.entries(colours).map(([verdict, {light, dark}]) => {
    const [fill, tint, text] = ground === 'light' ? light : dark
    return `.${verdict} {--fill: ${fill}; --tint: ${tint}; --text: ${text}}\n`
  })
  return rules.join('')
}

const style = `${sheet}${coloursOn('light')}@media screen and (prefers-color-scheme: dark) {\n${coloursOn('dark')}}\n`

const looks: Record<string, string> = {Compliant: 'compliant', 'Not compliant': 'violation'}

/** What a verdict means, for the tiles and the legend. */
const meanings: Record<Verdict, string> = {
  violation: 'violate the policy',
  undetermined: 'could not be told',
  unmatched: 'matched by no rule',
  exempt: 'exempt',
  compliant: 'compliant',
}

/**
 * An audit as one page of HTML that needs nothing else: no network, no other file, and no script to be read. Its content
 * security policy lets nothing run but the page's own script.
 */
export function toHtml(report: AuditReport): string {
  const securityPolicy = `default-src 'none'; style-src '${hashOf(style)}'; script-src '${hashOf(script)}'; img-src data:; base-uri 'none'; form-action 'none'`
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={securityPolicy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>{`Metadata service audit: ${verdictOf(report).toLowerCase()}, ${report.at.slice(0, 10)}`}</title>
        <link rel="icon" href="data:," />
        <style>{raw(style)}</style>
      </head>
      <body>
        {raw(visible(String(<Content report={report} />)))}
        <script type="application/json" id="data">
          {raw(jsonForScript(listData(report)))}
        </script>
        <script>{raw(script)}</script>
      </body>
    </html>
  )
  return `<!doctype html>\n${page}\n`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function Content({report}: {report: AuditReport}) {
  const verdict = verdictOf(report)
  return (
    <>
      <a class="skip hidden" href="#list">
        Skip to the list
      </a>
      <header class={looks[verdict] ?? 'unmatched'}>
        <div>
          <p class="eyebrow">Metadata service audit</p>
          <h1>{verdict}</h1>
          <p class="lead">{lead(report)}</p>
          <Facts report={report} />
        </div>
      </header>
      <main>
        <div class="top">
          <section aria-label="Share">
            <Ring counts={report.counts} note={resultOf(report) === 'incomplete' ? 'of what was read' : ''} />
          </section>
          <div>
            <Tiles report={report} />
            <Unread report={report} />
          </div>
        </div>
        <Legend />
        {isOfSeveralAccounts(report) && (
          <Card id="by-account" title="By account">
            <AccountChart report={report} />
          </Card>
        )}
        <div class="pair">
          <Card id="by-region" title="By region">
            <RegionChart report={report} />
          </Card>
          <Card id="by-vpc" title="By VPC">
            <VpcChart report={report} />
          </Card>
        </div>
        <div class="pair">
          <Rules report={report} />
          <Wrongs judgements={report.judgements} />
        </div>
        <Exemptions report={report} />
        <List report={report} />
      </main>
      <footer>
        Made by vpcmd {report.vpcmd} at {report.at}. This page holds all of its data and asks no network.
      </footer>
    </>
  )
}

function Facts({report}: {report: AuditReport}) {
  const {account, at, policy} = report
  const accounts = accountsOf(report)
  const digest = policy.sha256 ? ` (SHA-256 ${policy.sha256.slice(0, 12)}…)` : ''
  const entries = {
    ...(accounts.length > 1
      ? {Accounts: countLabel(accounts.length)}
      : {Account: (report.assumed && label(accounts[0])) ?? account ?? 'not told by the credentials'}),
    Read: `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`,
    Policy:
      policy.file === undefined ? `${policy.name}: the one without a file` : `${policy.name}, ${policy.file}${digest}`,
    Scope: scopeLine(report),
  }
  return (
    <dl class="facts">
      {Object.entries(entries).map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Tiles({report: {counts}}: {report: AuditReport}) {
  const order: Verdict[] = ['violation', 'compliant', 'exempt', 'unmatched', 'undetermined']
  const tile = (look: string, what: string, count: number) => (
    <div class={`tile ${look}`.trim()}>
      <dt>{what}</dt>
      <dd>{countLabel(count)}</dd>
    </div>
  )
  return (
    <dl class="tiles">
      {tile('', 'judged', counts.total)}
      {order
        // The first two are always shown, even when they are 0.
        .filter((verdict, index) => index < 2 || counts[verdict] > 0)
        .map(verdict => tile(verdict, meanings[verdict], counts[verdict]))}
    </dl>
  )
}

function Unread({report: {unread, regions}}: {report: AuditReport}) {
  const title = 'What could not be read'
  if (unread.length === 0) {
    const all = `all ${counted(regions.length, 'region')} in scope`
    return (
      <Card id="unread" title={title}>
        <p class="note">Nothing: {all} answered, and every list was complete.</p>
      </Card>
    )
  }
  return (
    <Card id="unread" title={title} look="alarm unmatched">
      <p>This audit says nothing about:</p>
      <ul>
        {unread.map(each => (
          <li>
            <strong>{unreadInWords(each)}</strong>: {each.error.inOneLine}
          </li>
        ))}
      </ul>
    </Card>
  )
}

function Legend() {
  return (
    <ul class="legend" aria-label="Colours">
      {Object.entries(meanings).map(([verdict, meaning]) => (
        <li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect class={verdict} width="10" height="10" />
          </svg>
          {meaning}
        </li>
      ))}
    </ul>
  )
}

function Rules({report}: {report: AuditReport}) {
  const decided = countEach(report.judgements.map(({rule}) => rule?.name))
  const violations = report.judgements.filter(({verdict}) => verdict === 'violation')
  const violated = countEach(violations.map(({rule}) => rule?.name))
  return (
    <Card id="rules" title="The rules of the policy">
      <Table look="rules" heads={['Rule', 'Requires']} numbers={['Decides', 'Violations']}>
        {report.policy.rules.map(({name, require}) => (
          <tr>
            <th scope="row">{name}</th>
            <td>{requirementInWords(require)}</td>
            <NumberCell>{countLabel(decided.get(name) ?? 0)}</NumberCell>
            <NumberCell>{countLabel(violated.get(name) ?? 0)}</NumberCell>
          </tr>
        ))}
      </Table>
    </Card>
  )
}

function Wrongs({judgements}: {judgements: readonly Judgement[]}) {
  const wrongs = judgements.filter(({verdict}) => verdict === 'violation').flatMap(({violations}) => violations)
  const counts = [...countEach(wrongs.map(violationInWords))].sort(([, a], [, b]) => b - a).slice(0, 10)
  return (
    <Card id="wrong" title="What is wrong most often">
      {counts.length === 0 ? (
        <p class="note">Nothing violates the policy.</p>
      ) : (
        <Table look="rules" heads={['What']} numbers={['How often']}>
          {counts.map(([what, count]) => (
            <tr>
              <th scope="row">{what}</th>
              <NumberCell>{countLabel(count)}</NumberCell>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  )
}

function Exemptions({report: {policy, judgements, expired}}: {report: AuditReport}) {
  if (policy.exemptions.length === 0) return null
  return (
    <Card id="exemptions" title="Exemptions">
      <Table look="rules" heads={['Reason', 'Last day']} numbers={['Applies to']}>
        {policy.exemptions.map(exemption => {
          const ended = expired.find(each => each.exemption === exemption)
          const exempt = judgements.filter(judged => judged.verdict === 'exempt' && judged.exemption === exemption)
          return (
            <tr>
              <th scope="row">{exemption.reason}</th>
              <td>
                {exemption.expires} {ended && <span class="mark violation">expired</span>}
              </td>
              <NumberCell>
                {ended ? `${countLabel(ended.violations)} no longer exempt` : `${countLabel(exempt.length)} exempt`}
              </NumberCell>
            </tr>
          )
        })}
      </Table>
    </Card>
  )
}
