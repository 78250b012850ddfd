import {Flags} from '@oclif/core'
import {isOfSeveralAccounts} from '../../audit/accounts.ts'
import type {AuditReport} from '../../audit/audit.ts'
import {accountTableColumns, csvColumns, everyColumn, tableColumns} from '../../audit/columns.ts'
import {type Judgement, type Verdict, verdicts} from '../../audit/judge.ts'
import {defaultPolicy, listInWords, policyKeysInWords} from '../../audit/policy.ts'
import {selectorTable} from '../../audit/selectors.ts'
import {kindLabel, subjectKinds} from '../../audit/subjects.ts'
import {isReport, parseReportFiles, type ReportFile, renderAudit, reportFormats} from '../../cli/audit-output.ts'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkFiles, checkStdin} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {type Ending, printEnding} from '../../cli/ending.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {listFlag} from '../../cli/flags/declare.ts'
import {chosenColumns, columnsFlag, noHeaders, type OutputOptions, outputFlag} from '../../cli/flags/output.ts'
import {filterFlags, toFilters} from '../../cli/flags/selection.ts'
import {printRows} from '../../cli/output.ts'
import {readPolicy} from '../../cli/policy-file.ts'
import {restartsAwaited} from '../../cli/restarts-awaited.ts'
import type {Column} from '../../column.ts'
import {counted} from '../../counted.ts'
import {exitCodes, usageError, VpcmdError} from '../../errors.ts'
import {writeOutput} from '../../files/write-output.ts'
import {dataFormatNames} from '../../terminal/formats.ts'
import {colouring, green, red, yellow} from '../../terminal/style.ts'

const {name, zone, vpc, 'resource-group': resourceGroup, tag} = filterFlags

export default class MetadataAudit extends BaseCommand {
  static override summary =
    'Check the metadata settings of instances, templates and bare metal servers against a policy.'
  static override description =
    `Without --policy: where the service is on, it must use https with hop limit 1. A template with the service off makes instances with the service off. Settings that a template omits have the API's defaults: off, http, 1. Bare metal servers have no hop limit.

A policy is a YAML file with rules, of which the first match decides, and exemptions with a reason and an expiry date:

version: 1
unmatched: deny
rules:
- {name: pods, match: {name: 'k8s-*'}, require: {hop_limit: 1-2}}
- {name: rest, require: {protocol: https, hop_limit: 1}}
exemptions:
- {match: {vpc: old}, reason: Moves in May, expires: 2027-05-31}

A match takes ${listInWords(['kind', ...Object.keys(selectorTable)], 'and')}, each with a pattern or a list of patterns, of which one has to fit. A tag is one of an instance or a bare metal server, as Global Search knows it. A rule can require ${policyKeysInWords('and')}; hop_limit takes a number or a range. All but enabled are checked only while the service is on or must be on, or always with even_while_off: true. Resources that no rule matches are reported; with unmatched: deny they violate the policy.

Exit codes: 0 compliant; 5 not compliant; 1 if anything could not be read, whatever else was found; 4 if --name, --zone, --vpc, --resource-group or --tag match nothing. -q prints the IDs of what violates the policy.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --policy policy.yaml --report sarif=audit.sarif --report html=audit.html',
    '<%= config.bin %> <%= command.id %> --policy policy.yaml --fix-plan plan.json',
    '<%= config.bin %> <%= command.id %> --kind instance --vpc my-test-vpc --verdict violation',
  ]
  static override flags = {
    ...cloudFlags,
    policy: Flags.string({
      helpValue: 'FILE',
      summary: 'YAML file with the policy; - is stdin. Without it, the built-in policy applies.',
    }),
    report: listFlag({
      helpValue: 'FORMAT=FILE',
      summary: `Also write a report to a file. Repeat it for more reports. Formats: ${reportFormats.join(', ')}.`,
    }),
    'fix-plan': Flags.string({
      helpValue: 'FILE',
      summary: 'Write a plan that fixes the violations, for vpcmd metadata apply.',
    }),
    verdict: Flags.option({
      options: [...verdicts, 'all'] as const,
      multiple: true,
      multipleNonGreedy: true,
      summary:
        'Print what has this verdict (default: a table has what is neither compliant nor exempt, other formats have all). Exit code and reports always cover everything.',
    })(),
    kind: Flags.option({
      options: subjectKinds,
      multiple: true,
      multipleNonGreedy: true,
      helpGroup: 'FILTER',
      summary: 'Filter by kind (default: all three).',
    })(),
    name,
    zone,
    vpc,
    'resource-group': resourceGroup,
    tag,
    output: outputFlag(['table', ...reportFormats]),
    columns: columnsFlag('those of the table, or all in CSV'),
    'no-headers': noHeaders,
  }

  async run(): Promise<void> {
    const {flags, out} = await this.parse(MetadataAudit)
    const [every, byDefault] = out.format === 'csv' ? [everyColumn.csv, csvColumns] : [everyColumn.table, tableColumns]
    const columns = chosenColumns(out, every, byDefault)
    if (out.columns && !['table', ...dataFormatNames, undefined].includes(flags.output)) {
      throw usageError(
        `--columns can't be combined with -o ${flags.output}, which has its own form.`,
        'Drop --columns.',
      )
    }
    checkStdin(flags, {policy: flags.policy})
    const files = parseReportFiles(flags.report ?? [])
    checkFiles([...files.map(({file}) => file), flags['fix-plan']], [flags.policy, flags['api-key-file']])
    const [{audit, exitCodeOf}, policy] = await Promise.all([
      import('../../audit/audit.ts'),
      flags.policy === undefined ? defaultPolicy : readPolicy(this.context.host, flags.policy),
    ])
    const cloud = await connectCloud(this.context, flags)
    const report = await audit(cloud, {
      policy,
      scope: {
        kinds: flags.kind ?? subjectKinds,
        filters: toFilters(flags),
      },
      vpcmd: this.config.version,
      now: this.context.host.now,
      restartsAwaited: () => restartsAwaited(this.context, cloud),
    })
    this.context.exitCode = exitCodeOf(report)
    await this.writeFiles(report, files)
    if (exitCodeOf(report) === exitCodes.notFound) {
      const {refuseNothing} = await import('../../instances/impossible-filters.ts')
      const {kinds, filters} = report.scope
      // Names and resource groups are looked for among instances.
      const {zone, vpc} = filters
      await refuseNothing(cloud, kinds.includes('instance') ? filters : {zone, vpc})
    }
    if (flags.output === 'sarif' || files.some(({format}) => format === 'sarif')) {
      const {countSarifResults, mostResults} = await import('../../audit/reports/sarif.ts')
      const count = countSarifResults(report)
      if (count > mostResults) {
        this.context.warning(
          `The SARIF log has ${count} results, and GitHub accepts at most ${mostResults}. Split the audit with --region or --vpc.`,
        )
      }
    }
    const shown = columns === tableColumns && isOfSeveralAccounts(report) ? accountTableColumns : columns
    await this.printAudit({...out, output: flags.output}, shown, report, flags.verdict)
    const plan = flags['fix-plan'] === undefined ? undefined : await this.writeFixPlan(report, flags['fix-plan'])
    await this.summarize(report, plan)
  }

  /** Writes the plan and gives what an ending says of it. */
  private async writeFixPlan(report: AuditReport, file: string): Promise<Ending> {
    const [{toFixPlan}, {writePlan}] = await Promise.all([
      import('../../audit/fix-plan.ts'),
      import('../../metadata/plan-file.ts'),
    ])
    const {plan, unrepairable} = toFixPlan(report)
    await writePlan(this.context.host, file, plan)
    this.warnOf(
      unrepairable.map(({judgement: {subject}, reason}) => {
        const {kind, name, id, region} = subject
        return `Not in the plan: ${kindLabel(kind)} ${name} (${id}) in ${region}: ${reason}.`
      }),
      'are not in the plan',
    )
    const count = plan.changes.length
    return {
      lines: [{mark: 'done', text: `${counted(count, 'change')} planned in ${file}`}],
      next: count > 0 ? [['apply', ['metadata', 'apply', file]]] : [],
    }
  }

  private async printAudit(
    out: OutputOptions & {output?: string},
    columns: readonly Column<Judgement>[],
    report: AuditReport,
    asked: (Verdict | 'all')[] | undefined,
  ): Promise<void> {
    const format = reportFormats.find(each => each === out.output)
    if (format && isReport(format)) {
      const rendered = await renderAudit(format, report)
      if (typeof rendered === 'string') return this.context.print(rendered)
      for (const piece of rendered) await this.context.printed(piece)
      return
    }
    const isWhole = out.format !== 'table' || out.quiet
    const wanted = asked?.includes('all') ? verdicts : (asked ?? (isWhole ? verdicts : findings))
    const rows = report.judgements.filter(({verdict}) => wanted.some(each => each === verdict))
    const {toJsonJudgement, toJsonReport} = await import('../../audit/to-json.ts')
    await printRows(this.context, out, {
      rows,
      toJson: toJsonJudgement,
      toWhole: subjects => toJsonReport(report, subjects),
      columns: columns.map(column => (column.header === 'Verdict' ? {...column, style: colored} : column)),
      mayHide: !out.columns,
      id: ({subject, verdict}) => (asked || verdict === 'violation' ? subject.id : undefined),
      // That there was nothing at all, or no finding, the summary says.
      ...(asked && report.judgements.length > 0 && {empty: 'No findings with this verdict.'}),
    })
  }

  private async writeFiles(report: AuditReport, files: ReportFile[]): Promise<void> {
    const written: string[] = []
    for (const {format, file} of files) {
      try {
        await writeOutput(this.context.host, file, await renderAudit(format, report))
        written.push(file)
      } catch (error) {
        if (!(error instanceof VpcmdError)) throw error
        this.context.warning(error.inOneLine)
        this.context.exitCode = exitCodes.failed
      }
    }
    if (written.length > 0) this.context.note(`Wrote ${written.join(', ')}.`)
  }

  private async summarize(report: AuditReport, plan: Ending = {lines: [], next: []}): Promise<void> {
    const [{resultOf}, {headline, remarks}] = await Promise.all([
      import('../../audit/audit.ts'),
      import('../../audit/summary.ts'),
    ])
    this.warnOf(
      [...new Set(report.unread.map(({error}) => error.inOneLine))],
      'could not be read. See all with -o json',
    )
    const isCompliant = resultOf(report) === 'compliant' && report.counts.unmatched === 0 && report.counts.total > 0
    printEnding(this.context, {
      lines: [
        {mark: isCompliant ? 'done' : resultOf(report) === 'compliant' ? 'notice' : 'failed', text: headline(report)},
        ...remarks(report).map(text => ({mark: 'notice' as const, text})),
        ...plan.lines,
      ],
      next: [...plan.next, ...restartNext(report)],
    })
  }

  /** Warns of the first ten, and says how many `more` there are. */
  private warnOf(texts: string[], more: string): void {
    for (const text of texts.slice(0, 10)) this.context.warning(text)
    if (texts.length > 10) this.context.warning(`${texts.length - 10} more ${more}.`)
  }
}

/** How to restart what awaits it, by ID where these are few: a name may be another one's where not all was audited. */
function restartNext({judgements}: AuditReport): Ending['next'] {
  const awaiting = judgements.flatMap(({subject, restartAwaited}) => (restartAwaited ? [subject] : []))
  if (awaiting.length === 0) return []
  // Of many runs, resume without one would take the latest, and make what it left, too.
  if (awaiting.length > 3) return [['runs', ['metadata', 'history']]]
  return [['restart', ['instances', 'restart', ...awaiting.map(({id}) => id)]]]
}

/** What somebody has to look at. */
const findings = verdicts.filter(each => each !== 'compliant' && each !== 'exempt')

const colored = colouring([
  [red, ['violation']],
  [yellow, ['undetermined', 'unmatched']],
  [green, ['compliant']],
])
