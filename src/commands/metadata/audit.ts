import {Flags} from '@oclif/core'
import type {AuditReport} from '../../audit/audit.ts'
import {csvColumns, everyColumn, tableColumns} from '../../audit/columns.ts'
import {type Judgement, type Verdict, verdicts} from '../../audit/judge.ts'
import {defaultPolicy, listInWords, type Policy, policyKeysInWords} from '../../audit/policy.ts'
import {selectorTable} from '../../audit/selectors.ts'
import {kindLabel, subjectKinds} from '../../audit/subjects.ts'
import {auditData, parseReportFiles, type ReportFile, renderAudit, reportFormats} from '../../cli/audit-output.ts'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkFiles, checkStdin} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {chosenColumns, columnsFlag, noHeaders, type OutputOptions, readOutput} from '../../cli/flags/output.ts'
import {filterFlags, toFilters} from '../../cli/flags/selection.ts'
import {printQueried, printRows} from '../../cli/output.ts'
import {restartsAwaited} from '../../cli/restarts-awaited.ts'
import type {Column} from '../../column.ts'
import {counted} from '../../counted.ts'
import {exitCodes, usageError, VpcmdError} from '../../errors.ts'
import {inputName, readInput} from '../../files/read-input.ts'
import {pathInRepository} from '../../files/repository-path.ts'
import {writeOutput} from '../../files/write-output.ts'
import {quoteCommand} from '../../quote-command.ts'
import {dataFormatNames} from '../../terminal/formats.ts'
import {green, red, yellow} from '../../terminal/style.ts'

const {name, zone, vpc, 'resource-group': resourceGroup} = filterFlags

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

A match takes ${listInWords(['kind', ...Object.keys(selectorTable)], 'and')}, each with a pattern or a list of patterns. A rule can require ${policyKeysInWords('and')}; hop_limit takes a number or a range. All but enabled are checked only while the service is on or must be on, or always with even_while_off: true. Resources that no rule matches are reported; with unmatched: deny they violate the policy.

Exit codes: 0 compliant; 5 not compliant; 1 if anything could not be read, whatever else was found, or if --name, --zone, --vpc or --resource-group match nothing. -q prints the IDs of what violates the policy.`
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
    report: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FORMAT=FILE',
      summary: `Also write a report to a file. Repeat it for more reports. Formats: ${reportFormats.join(', ')}.`,
    }),
    'fix-plan': Flags.string({
      helpValue: 'FILE',
      summary: 'Write a plan that fixes the violations, for vpcmd metadata apply.',
    }),
    verdict: Flags.option({
      options: verdicts,
      multiple: true,
      multipleNonGreedy: true,
      summary: 'Print only findings with this verdict. Exit code and reports still cover everything.',
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
    output: Flags.string({
      char: 'o',
      summary: 'How to print the result.',
      options: ['table', ...reportFormats],
      helpGroup: 'OUTPUT',
    }),
    columns: columnsFlag('those of the table, or all in CSV'),
    'no-headers': noHeaders,
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(MetadataAudit)
    const out = readOutput(flags)
    const [every, byDefault] = out.format === 'csv' ? [everyColumn.csv, csvColumns] : [everyColumn.table, tableColumns]
    const columns = chosenColumns(out, every, byDefault)
    if (out.columns && !['table', ...dataFormatNames, undefined].includes(flags.output)) {
      throw usageError(
        `--columns can't be combined with -o ${flags.output}, which has its own form.`,
        'Drop --columns.',
      )
    }
    checkStdin(flags, flags.policy, 'policy')
    const files = parseReportFiles(flags.report ?? [])
    checkFiles([...files.map(({file}) => file), flags['fix-plan']], [flags.policy, flags['api-key-file']])
    const [{audit, exitCodeOf}, policy] = await Promise.all([
      import('../../audit/audit.ts'),
      flags.policy === undefined ? defaultPolicy : readPolicy(flags.policy, this.context.env),
    ])
    const cloud = await connectCloud(this.context, flags)
    const report = await audit(cloud, {
      policy,
      scope: {
        kinds: flags.kind ?? subjectKinds,
        filters: toFilters(flags),
      },
      vpcmd: this.config.version,
      now: new Date(this.context.host.now()),
      restartsAwaited: () => restartsAwaited(this.context, cloud),
    })
    this.context.exitCode = exitCodeOf(report)
    await this.writeFiles(report, files)
    if (flags.output === 'sarif' || files.some(({format}) => format === 'sarif')) {
      const {countSarifResults, mostResults} = await import('../../audit/reports/sarif.ts')
      const count = countSarifResults(report)
      if (count > mostResults) {
        this.context.warning(
          `The SARIF log has ${count} results, and GitHub accepts at most ${mostResults}. Split the audit with --region or --vpc.`,
        )
      }
    }
    await this.printAudit({...out, output: flags.output}, columns, report, flags.verdict)
    await this.summarize(report)
    if (flags['fix-plan'] !== undefined) await this.writeFixPlan(report, flags['fix-plan'])
  }

  private async writeFixPlan(report: AuditReport, file: string): Promise<void> {
    const [{toFixPlan}, {writePlan}] = await Promise.all([
      import('../../audit/fix-plan.ts'),
      import('../../metadata/plan-file.ts'),
    ])
    const {plan, unrepairable} = toFixPlan(report)
    await writePlan(file, plan)
    this.warnOf(
      unrepairable.map(({judgement: {subject}, reason}) => {
        const {kind, name, id, region} = subject
        return `Not in the plan: ${kindLabel(kind)} ${name} (${id}) in ${region}: ${reason}.`
      }),
      'are not in the plan',
    )
    const count = plan.changes.length
    const next = count > 0 ? ` Apply with: ${quoteCommand(['vpcmd', 'metadata', 'apply', file])}` : ''
    this.context.note(`${counted(count, 'change')} planned in ${file}.${next}`)
  }

  private async printAudit(
    out: OutputOptions & {output?: string},
    columns: readonly Column<Judgement>[],
    report: AuditReport,
    wanted: Verdict[] | undefined,
  ): Promise<void> {
    const rows = wanted ? report.judgements.filter(({verdict}) => wanted.includes(verdict)) : report.judgements
    const shown = {out, judgements: rows, columns}
    if (out.query !== undefined) {
      return printQueried(this.context, out, (await auditData(report, shown)).whole())
    }
    const format = reportFormats.find(each => each === (out.format === 'table' ? out.output : out.format))
    if (format) return this.context.print(await renderAudit(format, report, shown))
    await printRows(this.context, out, {
      rows,
      columns: columns.map(column => (column.header === 'Verdict' ? {...column, style: colored} : column)),
      mayHide: !out.columns,
      id: ({subject, verdict}) => (wanted || verdict === 'violation' ? subject.id : undefined),
      // That there was nothing at all, the summary says.
      ...(report.judgements.length > 0 && {empty: 'No findings with this verdict.'}),
    })
  }

  private async writeFiles(report: AuditReport, files: ReportFile[]): Promise<void> {
    for (const {format, file} of files) {
      try {
        await writeOutput(file, await renderAudit(format, report))
      } catch (error) {
        if (!(error instanceof VpcmdError)) throw error
        this.context.warning(error.inOneLine)
        this.context.exitCode = exitCodes.failed
      }
    }
  }

  private async summarize(report: AuditReport): Promise<void> {
    const {headline, remarks} = await import('../../audit/summary.ts')
    this.warnOf(
      report.unread.map(({error}) => error.inOneLine),
      'could not be read. See all with -o json',
    )
    for (const remark of remarks(report)) this.context.note(remark)
    this.context.note(headline(report))
  }

  /** Warns of the first ten, and says how many `more` there are. */
  private warnOf(texts: string[], more: string): void {
    for (const text of texts.slice(0, 10)) this.context.warning(text)
    if (texts.length > 10) this.context.warning(`${texts.length - 10} more ${more}.`)
  }
}

async function readPolicy(file: string, env: NodeJS.ProcessEnv): Promise<Policy> {
  const {maxPolicyBytes, parsePolicy} = await import('../../audit/read-policy.ts')
  const policy = parsePolicy(await readInput(file, 'policy', maxPolicyBytes), inputName(file))
  return file === '-' ? policy : {...policy, pathInRepository: pathInRepository(file, env)}
}

const styles: Partial<Record<Verdict, (text: string) => string>> = {
  violation: red,
  undetermined: yellow,
  unmatched: yellow,
  compliant: green,
}

function colored(text: string): string {
  const verdict = verdicts.find(each => each === text)
  return (verdict && styles[verdict]?.(text)) ?? text
}
