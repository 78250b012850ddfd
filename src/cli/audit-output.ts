import type {AuditReport} from '../audit/audit.ts'
import {csvColumns} from '../audit/columns.ts'
import {usageError} from '../errors.ts'
import {type DataFormat, dataFormatNames, formatData, jsonLinePieces, toJson} from '../terminal/formats.ts'
import {dataOf} from './output.ts'

/** In pieces where it may be longer than a text can be. */
type Rendered = string | readonly (string | Buffer)[]
type Render = (report: AuditReport) => Promise<Rendered>

/** The reports of an audit, beside the formats of data; each is about all that was judged. */
const reports = {
  sarif: async report => toJson((await import('../audit/reports/sarif.ts')).toSarif(report)),
  // An event a line, as collectors of logs take them.
  ocsf: async report => [...jsonLinePieces((await import('../audit/reports/ocsf.ts')).ocsfEvents(report))],
  junit: async report => (await import('../audit/reports/junit.ts')).toJunit(report),
  markdown: async report => (await import('../audit/reports/markdown.ts')).toMarkdown(report),
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

/** Whether a format is a report of its own kind, about all that was judged. */
export function isReport(format: ReportFormat): format is keyof typeof reports {
  return format in reports
}

/** A whole audit as text, or as pieces of one. */
export async function renderAudit(format: ReportFormat, report: AuditReport): Promise<Rendered> {
  if (isReport(format)) return reports[format](report)
  const {toJsonJudgement, toJsonReport} = await import('../audit/to-json.ts')
  const toWhole = (subjects: unknown[]) => toJsonReport(report, subjects)
  return formatData(
    format,
    dataOf({}, {rows: report.judgements, columns: csvColumns, toJson: toJsonJudgement, toWhole}),
  )
}
