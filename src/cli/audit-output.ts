import type {AuditReport} from '../audit/audit.ts'
import {csvColumns} from '../audit/columns.ts'
import type {Judgement} from '../audit/judge.ts'
import type {Column} from '../column.ts'
import {usageError} from '../errors.ts'
import {type Data, type DataFormat, dataFormatNames, formatData, toJson} from '../terminal/formats.ts'
import type {OutputOptions} from './flags/output.ts'
import {dataOf} from './output.ts'

type Render = (report: AuditReport) => Promise<string>

/** The reports of an audit, beside the formats of data; each is about all that was judged. */
const reports = {
  sarif: async report => toJson((await import('../audit/reports/sarif.ts')).toSarif(report)),
  junit: async report => (await import('../audit/reports/junit.ts')).toJunit(report),
  html: async report => (await import('../audit/reports/html.tsx')).toHtml(report),
} satisfies Record<string, Render>

export type ReportFormat = DataFormat | keyof typeof reports

/** What an audit can be written as, beside a table. */
export const reportFormats: ReportFormat[] = [...dataFormatNames, ...(Object.keys(reports) as (keyof typeof reports)[])]

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

/** What of an audit is printed: the findings, as these columns. */
interface Shown {
  out: Pick<OutputOptions, 'columns' | 'headless'>
  judgements: Judgement[]
  columns: readonly Column<Judgement>[]
}

/** An audit as text: with the findings that are shown in a format of data, and in full in a report. */
export async function renderAudit(format: ReportFormat, report: AuditReport, shown?: Shown): Promise<string> {
  const isReport = (name: ReportFormat): name is keyof typeof reports => name in reports
  if (isReport(format)) return reports[format](report)
  return formatData(format, await auditData(report, shown))
}

/** An audit as formats of data have it. */
export async function auditData(
  report: AuditReport,
  {out, judgements: rows, columns}: Shown = {out: {}, judgements: report.judgements, columns: csvColumns},
): Promise<Data> {
  const {toJsonHead, toJsonJudgement} = await import('../audit/to-json.ts')
  const data = dataOf(out, {rows, columns, toJson: toJsonJudgement})
  return {...data, whole: () => ({...toJsonHead(report), subjects: data.values()})}
}
