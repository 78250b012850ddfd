import {isDeepStrictEqual} from 'node:util'
import {apiKey} from './fake-cloud.ts'
import type {Run, Seen} from './trial.ts'
import {type Asked, isRow} from './wire.ts'
import {instanceIdOf, account as ownAccount, type Row} from './world.ts'

type Oracle = (seen: Seen) => string[]

/** What stdout and stderr say, taken together. */
export function printedBy(run: Run): string {
  return `${run.stdout}\n${run.stderr}`
}

/** The JSON on stdout, or undefined where there is none. */
export function jsonOf(run: Run): unknown {
  try {
    return JSON.parse(run.stdout)
  } catch {
    return undefined
  }
}

/** The rows of a table on stdout, by their header. */
export function tableOf(run: Run): Record<string, string>[] {
  const lines = run.stdout.split('\n')
  const at = lines.findIndex(line => /^(Verdict {2,})?(Name|ID) {2,}/.test(line))
  const header = lines[at]?.trim().split(/ {2,}/) ?? []
  const rows = lines.slice(at + 1).filter(line => / {2,}/.test(line))
  return at < 0 ? [] : rows.map(line => cellsOf(header, line))
}

function cellsOf(header: string[], line: string): Record<string, string> {
  const cells = line.trimEnd().split(/ {2,}/)
  return Object.fromEntries(header.map((name, index) => [name, cells[index] ?? '']))
}

/** The row of this ID in the table on stdout. */
export function tableRow(run: Run, id: string): Record<string, string> | undefined {
  return tableOf(run).find(row => Object.values(row).includes(id))
}

/** The objects of this ID in the JSON on stdout, each with the list that it stands in. */
export function jsonRows(run: Run, id: string): {list: string; row: Row}[] {
  const value = jsonOf(run)
  const lists = Array.isArray(value) ? {'': value} : isRow(value) ? {...value, '': [value]} : {}
  return Object.entries(lists).flatMap(([list, rows]) =>
    Array.isArray(rows) ? rows.filter(row => isRow(row) && row.id === id).map(row => ({list, row})) : [],
  )
}

/** Whether settings are told in full, as IBM's types say: a boolean, http or https, and 1 to 64. */
export function isTold(settings: unknown): boolean {
  if (!isRow(settings)) return false
  const hops = settings.response_hop_limit
  return (
    typeof settings.enabled === 'boolean' &&
    (settings.protocol === 'http' || settings.protocol === 'https') &&
    typeof hops === 'number' &&
    Number.isInteger(hops) &&
    hops >= 1 &&
    hops <= 64
  )
}

/** IDs of the instances of which every answer of the run left the settings untold. */
export function untoldIds(seen: Seen): string[] {
  return [...seen.cloud.sent].filter(([, rows]) => rows.every(row => !isTold(row.metadata_service))).map(([id]) => id)
}

const endsWell: Oracle = ({run, trial}) => {
  if (run.ended === 'time' && trial.endAfterMs !== undefined) return []
  if (run.ended === 'time') return ['it did not end within 60 s']
  if (run.ended === 'flood') return ['it flooded the cloud']
  if (run.code === null) return ['a signal ended it']
  const known = [0, 1, 2, 3, 4, 5, 130]
  return known.includes(run.code) ? [] : [`the exit code is ${run.code}`]
}

const noCrash: Oracle = ({run}) => {
  const signs = [
    /\bunexpected\b/i,
    /bug in vpcmd/i,
    /^\s+at .+[:(]\d+:\d+\)?$/m,
    /\b(Type|Reference|Range|Syntax)Error\b/,
    /Cannot (read|convert|destructure)|is not (a function|iterable)/,
    /\bZodError\b|invalid_type/,
    /heap out of memory|Maximum call stack/i,
  ]
  return signs.filter(sign => sign.test(run.stderr) || sign.test(errorIn(run))).map(sign => `it crashed: ${sign}`)
}

function errorIn(run: Run): string {
  const value = jsonOf(run)
  return isRow(value) && value.error ? run.stdout : ''
}

const noRawValues: Oracle = ({mode, run}) => {
  const text = mode === 'text' ? printedBy(run) : run.stderr
  const signs = [/\[object \w+\]/, /\bundefined\b/, /\bNaN\b/, /Invalid Date/]
  return signs.filter(sign => sign.test(text)).map(sign => `a raw value was printed: ${sign}`)
}

const validJson: Oracle = ({mode, run}) => {
  if (mode === 'text' || run.code === null) return []
  return jsonOf(run) === undefined ? ['stdout is not JSON'] : []
}

const sameCode: Oracle = ({run, otherCode, trial}) =>
  otherCode === undefined || trial.endAfterMs !== undefined || otherCode === run.code
    ? []
    : [`the exit code is ${run.code} with --json, and ${otherCode} without`]

const noSecret: Oracle = ({run, cloud}) => {
  const text = printedBy(run)
  const parts = cloud.secrets
    .flatMap(secret => [secret, secret.split('.')[2] ?? secret])
    .filter(part => part.length > 8)
  return parts.some(part => text.includes(part)) ? ['a secret was printed'] : []
}

const noControl: Oracle = ({run, trial}) => {
  // In YAML a tab is a character as any other.
  const text = trial.args.includes('yaml') ? printedBy(run).replaceAll('\t', ' ') : printedBy(run)
  const found = text.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u)
  return found ? [`a control character was printed: U+${found[0].charCodeAt(0).toString(16).padStart(4, '0')}`] : []
}

const asked: Oracle = ({trial, asked: requests}) => {
  const most = trial.requests ?? 300
  const late = requests.length > most ? [`${requests.length} requests were made, more than ${most}`] : []
  return [...late, ...requests.flatMap(wrongRequest)]
}

function wrongRequest(request: Asked): string[] {
  const line = `${request.method} ${request.url.pathname}`
  if (request.call === 'token' || request.call === 'assume') return []
  if (request.call === 'accounts' || request.call === 'search' || request.call === 'tags')
    return wrongQuestion(line, request)
  const versioned = request.url.searchParams.get('version') && request.url.searchParams.get('generation') === '2'
  const wrong = versioned ? [] : [`${line} went out without version and generation`]
  if (request.method === 'GET') return wrong
  if (!/^(patch|patch_bare_metal|actions)$/.test(request.call))
    return [...wrong, `${line} is none of the commands' own`]
  return [...wrong, ...(request.call === 'actions' ? [] : wrongPatch(line, request))]
}

/** A question about accounts or tags: of the token's own account, and with nothing in it that changes something. */
function wrongQuestion(line: string, {call, url, account, body}: Asked): string[] {
  const of = url.searchParams.get('account_id')
  const wrong =
    call !== 'accounts' && of !== null && of !== account ? [`${line} is about ${of}, with a token of ${account}`] : []
  if (call !== 'search') return body === '' ? wrong : [...wrong, `${line} sent ${body}`]
  const query: unknown = JSON.parse(body)
  return isRow(query) && String(query.query).startsWith('family:is AND type:')
    ? wrong
    : [...wrong, `${line} sent ${body}`]
}

function wrongPatch(line: string, request: Asked): string[] {
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('application/merge-patch+json')) return [`${line} went out as ${type}`]
  const body: unknown = JSON.parse(request.body)
  const settings = isRow(body) ? body.metadata_service : undefined
  if (!isRow(body) || Object.keys(body).length !== 1 || !isRow(settings)) return [`${line} sent ${request.body}`]
  const full = {enabled: true, protocol: 'https', response_hop_limit: 1, ...settings}
  return isTold(full) && Object.keys(full).length === 3 ? [] : [`${line} sent ${request.body}`]
}

const changesOnlyWhatMayBe: Oracle = ({trial, asked: requests, changes}) => {
  const patched = requests.filter(({call}) => call === 'patch' || call === 'patch_bare_metal')
  const wrong = patched.filter(({id}) => !trial.mayChange?.includes(id ?? '')).map(({id}) => `${id} was sent a PATCH`)
  const acted = requests.filter(({call, id}) => call === 'actions' && !trial.mayAct?.includes(id ?? ''))
  const twice = changes.filter(({id}, index) => changes.findIndex(other => other.id === id) < index)
  return [
    ...new Set(wrong),
    ...acted.map(({id, body}) => `${id} was sent the action ${body}`),
    ...twice.map(({id}) => `${id} was changed more than once`),
  ]
}

const neverChangesUntold: Oracle = seen => {
  const untold = untoldIds(seen)
  const sent = seen.asked.filter(({call, id}) => call === 'patch' && untold.includes(id ?? ''))
  return [...new Set(sent.map(({id}) => `${id}, whose settings were not told, was sent a PATCH`))]
}

const saysChangedOnlyOfChanges: Oracle = ({run, trial, cloud, changes: latest}) => {
  // A resumed run tells of what it did before, too.
  const changes = trial.args[1] === 'resume' ? cloud.changes : latest
  const value = jsonOf(run)
  const told =
    isRow(value) && Array.isArray(value.changed)
      ? value.changed.map(row => (isRow(row) ? row.id : undefined))
      : tableOf(run).flatMap(row => (row.Result === 'changed' ? [row.ID] : []))
  return told.filter(id => !changes.some(change => change.id === id)).map(id => `${id} is told as changed, and is not`)
}

const noOtherHost: Oracle = ({cloud}) =>
  cloud.trapped.map(({method, url, headers}) => {
    const secret = JSON.stringify(headers).includes('Bearer') ? ' with a token' : ''
    return `another host was asked ${method} ${url}${secret}`
  })

const keyOnlyToIam: Oracle = ({asked: requests}) =>
  requests
    .filter(({call, url, body}) => call !== 'token' && `${url.href}${body}`.includes(apiKey))
    .map(({url}) => `the API key went to ${url.pathname}`)

/** In JSON the rows of `instances` come as the API sent them, with region, account, floating_ips and tags added. */
const asSent: Oracle = ({trial, mode, run, cloud}) => {
  // With --columns, JSON has the keys that belong to these columns.
  if (mode !== 'json' || !/^instances (list|show)$/.test(trial.args.slice(0, 2).join(' '))) return []
  if (trial.args.includes('--columns')) return []
  const value = jsonOf(run)
  const rows = (Array.isArray(value) ? value : [value]).filter(isRow).filter(row => !row.error)
  return rows.flatMap(row => {
    const sent = cloud.sent.get(String(row.id)) ?? []
    return sent.some(one => sameBut(row, one)) ? [] : [`${String(row.id)} is not as the API sent it`]
  })
}

function sameBut(row: Row, sent: Row): boolean {
  const added = new Set(['region', 'account', 'account_name', 'floating_ips', 'tags', 'access_tags', 'service_tags'])
  const fieldsOf = (of: Row) => Object.entries(of).filter(([name]) => !added.has(name))
  const sorted = (of: Row) => fieldsOf(of).sort(([a], [b]) => (a < b ? -1 : 1))
  return isDeepStrictEqual(sorted(row), sorted(sent))
}

/** Settings that were not told in full are never shown as told, matched by a filter on them, or judged. */
const untoldStaysUnknown: Oracle = seen => {
  const {run, trial, mode} = seen
  const filtered = trial.args.some(arg => /^--(metadata|protocol|hop-limit|having-\w[\w-]*)$/.test(arg))
  const reads = /^(instances list|metadata show)$/.test(trial.args.slice(0, 2).join(' '))
  const audits = trial.args[1] === 'audit'
  return untoldIds(seen).flatMap(id => {
    const row = mode === 'text' ? tableRow(run, id) : undefined
    const inJson = mode === 'json' ? jsonRows(run, id) : []
    if (reads && filtered && (row || inJson.length > 0))
      return [`${id} matched a filter on settings that were not told`]
    if (reads && row && /^(off|https?\/\d+)$/.test(row.Metadata ?? '')) return [`${id} is shown as ${row.Metadata}`]
    const verdicts = audits ? [row?.Verdict, ...inJson.map(each => each.row.verdict)].filter(Boolean) : []
    const wrong = verdicts.filter(verdict => verdict !== 'undetermined')
    return wrong.map(verdict => `${id}, whose settings were not told, is judged ${verdict}`)
  })
}

const auditNeverPassesUntold: Oracle = seen =>
  seen.trial.args[1] === 'audit' && untoldIds(seen).length > 0 && seen.run.code !== 1 && seen.run.code !== 2
    ? [`the audit ended with ${seen.run.code} over settings that were not told`]
    : []

/** No account hears anything that the command was not to work in; that of the key alone, where it names none. */
const staysInItsAccounts: Oracle = ({trial, cloud, asked: requests}) => {
  const most = trial.accounts ?? [ownAccount]
  const vpc = requests.filter(({call}) => !['token', 'assume', 'accounts'].includes(call))
  const strange = vpc.filter(({account = ''}) => cloud.world.others.has(account) && !most.includes(account))
  return [...new Set(strange.map(({account, method, call}) => `account ${account} was sent ${method} (${call})`))]
}

/** An account that can't be read is named, and what was read elsewhere is not told as all. */
const tellsOfUnread: Oracle = ({trial, run}) =>
  (trial.unread ?? []).flatMap(id => [
    ...(printedBy(run).includes(id) ? [] : [`it does not name account ${id}, which could not be read`]),
    ...(run.code === 0 || run.code === 5 ? [`the exit code is ${run.code}, and account ${id} could not be read`] : []),
  ])

/** The IDs of which Global Search told a tag, in some answer. */
function toldTagged({cloud}: Seen, tag: string): Set<string> {
  return new Set(
    cloud.told.flatMap(({asked: {call}, body}) =>
      call === 'search' && Array.isArray(body.items)
        ? body.items.filter(item => tagsIn(item).includes(tag)).map(item => String(item.crn).split(':')[9] ?? '')
        : [],
    ),
  )
}

function tagsIn(item: unknown): string[] {
  if (!isRow(item)) return []
  return [item.tags, item.access_tags, item.service_tags]
    .flatMap(list => (Array.isArray(list) ? list : []))
    .map(tag => String(tag).toLowerCase())
}

/** What a tag chose was told to have it, and before a change again, by Global Tagging. */
const choosesByToldTags: Oracle = seen => {
  const {trial, mode, run, asked: requests, cloud} = seen
  const at = trial.args.indexOf('--tag')
  const tag = trial.args[at + 1]
  if (at < 0 || !tag) return []
  const told = toldTagged(seen, tag)
  const value = jsonOf(run)
  const rows = mode === 'json' ? (Array.isArray(value) ? value : []) : tableOf(run)
  const shown = /^(instances list|metadata show)$/.test(trial.args.slice(0, 2).join(' '))
    ? rows.filter(isRow).map(row => String(row.id ?? row.ID ?? instanceIdOf(String(row.Name))))
    : []
  const attached = new Set(
    cloud.told.flatMap(({asked: {call, url}, body}) =>
      call === 'tags' &&
      Array.isArray(body.items) &&
      body.items.some(item => isRow(item) && String(item.name).toLowerCase() === tag)
        ? [url.searchParams.get('attached_to')?.split(':')[9]]
        : [],
    ),
  )
  const patched = requests.filter(({call}) => call === 'patch').map(({id}) => id ?? '')
  return [
    ...shown.filter(id => !told.has(id)).map(id => `${id} came through, and was not told to have ${tag}`),
    ...patched.filter(id => !told.has(id) || !attached.has(id)).map(id => `${id} was sent a PATCH without ${tag}`),
  ]
}

/** An s390x instance has no metadata service: it is never changed. */
const neverChangesS390x: Oracle = ({cloud, asked: requests}) => {
  const isS390x = (row: Row) => isRow(row.vcpu) && row.vcpu.architecture === 's390x'
  const ids = [...cloud.sent].filter(([, rows]) => rows.every(isS390x)).map(([id]) => id)
  const sent = requests.filter(({call, id}) => call === 'patch' && ids.includes(id ?? ''))
  return sent.map(({id}) => `${id}, an s390x instance, was sent a PATCH`)
}

const meetsItsRow: Oracle = ({trial, run}) => {
  const text = printedBy(run)
  const plain = unescapeJson(text)
  const has = (wanted: string | RegExp) =>
    typeof wanted === 'string' ? text.includes(wanted) || plain.includes(wanted) : wanted.test(text)
  const codes = trial.code === undefined ? undefined : [trial.code].flat()
  return [
    ...(codes && !codes.includes(run.code ?? -1) && !(run.code === null && trial.endAfterMs !== undefined)
      ? [`the exit code is ${run.code}, not ${codes.join(' or ')}`]
      : []),
    ...(trial.says ?? []).filter(wanted => !has(wanted)).map(wanted => `it does not say ${String(wanted)}`),
    ...(trial.never ?? []).filter(has).map(wanted => `it says ${String(wanted)}`),
  ]
}

function unescapeJson(text: string): string {
  return text.replaceAll('\\"', '"')
}

const everyOracle: Oracle[] = [
  endsWell,
  noCrash,
  noRawValues,
  validJson,
  sameCode,
  noSecret,
  noControl,
  asked,
  changesOnlyWhatMayBe,
  neverChangesUntold,
  saysChangedOnlyOfChanges,
  noOtherHost,
  keyOnlyToIam,
  asSent,
  untoldStaysUnknown,
  auditNeverPassesUntold,
  neverChangesS390x,
  staysInItsAccounts,
  tellsOfUnread,
  choosesByToldTags,
  meetsItsRow,
]

/** What does not hold of a run, of all that must hold of each; empty where all does. */
export function checkEveryRun(seen: Seen): string[] {
  return everyOracle.flatMap(oracle => oracle(seen))
}
