import type {AuditReport} from '../audit/audit.ts'
import type {Judgement} from '../audit/judge.ts'
import {usageError} from '../errors.ts'
import {type DataFormat, dataFormatNames, formatData, toJson} from '../terminal/formats.ts'
import {cellsOf} from './output.ts'

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

/** An audit as text: with `judgements` alone in a format of data, and in full in a report. */
export async function renderAudit(
  format: ReportFormat,
  report: AuditReport,
  judgements: Judgement[] = report.judgements,
): Promise<string> {
  const isReport = (name: ReportFormat): name is keyof typeof reports => name in reports
  if (isReport(format)) return reports[format](report)
  const [{csvColumns}, {toJsonJudgement, toJsonReport}] = await Promise.all([
    import('../audit/columns.ts'),
    import('../audit/to-json.ts'),
  ])
  return formatData(format, {
    cells: () => [csvColumns.map(({header}) => header), ...cellsOf(csvColumns, judgements)],
    values: () => judgements.map(toJsonJudgement),
    whole: () => toJsonReport({...report, judgements}),
  })
}
