import type {AuditReport} from '../audit/audit.ts'
import type {Judgement} from '../audit/judge.ts'
import {usageError} from '../errors.ts'

/** What an audit can be written as, beside a table. */
export const reportFormats = ['json', 'jsonl', 'csv', 'yaml', 'sarif', 'junit', 'html'] as const
export type ReportFormat = (typeof reportFormats)[number]

export interface ReportFile {
  format: ReportFormat
  file: string
}

/**
 * Reads `FORMAT=FILE`, as often as it was given. Throws a usage error for another format.
 */
export function parseReportFiles(texts: string[]): ReportFile[] {
  return texts.map(text => {
    const at = text.indexOf('=')
    const format = reportFormats.find(each => each === text.slice(0, Math.max(at, 0)))
    const file = text.slice(at + 1)
    if (!format || file === '') {
      throw usageError(
        `--report takes FORMAT=FILE, not ${text}.`,
        `Formats: ${reportFormats.join(', ')}. For example --report html=audit.html.`,
      )
    }
    return {format, file}
  })
}

/** An audit as text; with the judgements that are wanted in what is made of rows, and all in what is a report. */
export async function renderAudit(
  format: ReportFormat,
  report: AuditReport,
  judgements: Judgement[] = report.judgements,
): Promise<string> {
  if (format === 'junit') return (await import('../audit/reports/junit.ts')).toJunit(report)
  if (format === 'html') return (await import('../audit/reports/html.tsx')).toHtml(report)
  const {toCsv, toJson, toJsonLines} = await import('../terminal/formats.ts')
  if (format === 'sarif') return toJson((await import('../audit/reports/sarif.ts')).toSarif(report))
  if (format === 'csv') {
    const {csvColumns} = await import('../audit/columns.ts')
    return toCsv(
      csvColumns.map(({header}) => header),
      judgements.map(judgement => csvColumns.map(({value}) => value(judgement))),
    )
  }
  const {toJsonJudgement, toJsonReport} = await import('../audit/to-json.ts')
  if (format === 'jsonl') return toJsonLines(judgements.map(toJsonJudgement))
  const whole = toJsonReport({...report, judgements})
  return format === 'json' ? toJson(whole) : (await import('../terminal/yaml.ts')).toYaml(whole)
}
