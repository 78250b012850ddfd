import {Command, Flags} from '@oclif/core'
import {usageError} from '../errors.ts'
import {knownSecrets, withoutSecrets} from '../secrets.ts'
import type {ProgressBar} from '../terminal/progress.ts'
import type {Prompter} from '../terminal/prompts.ts'
import {colorsFor, dim, yellow} from '../terminal/style.ts'
import {type Column, type NestedTable, renderRecord, renderTable} from '../terminal/table.ts'
import {plain} from '../terminal/text.ts'
import {asksForJson, reportError} from './report-error.ts'

export const outputFormats = ['table', 'json', 'jsonl', 'yaml', 'csv'] as const
export type OutputFormat = (typeof outputFormats)[number]

export interface OutputFlags {
  output?: string
  json?: boolean
  quiet?: boolean
  debug?: boolean
}

/** Rows as every format prints them. */
export interface RowOutput<Row> {
  rows: Row[]
  columns: Column<Row>[]
  /** Whether columns may be left out on a narrow terminal; not when the user chose them. */
  mayHide: boolean
  toJson(row: Row): unknown
  id(row: Row): string | undefined
  /** What to print on stderr in place of an empty table, if anything. */
  empty?: string
  /** The whole as JSON and YAML, where that is not the array of rows. */
  whole?: unknown
}

/** Thrown where a reader has closed the pipe that stdout is: what goes on being printed is for nobody. No error to the user. */
class ReaderGone extends Error {}

/** What all commands share: output in every format, notes on stderr, and errors as one line and an exit code. */
export abstract class BaseCommand extends Command {
  static override baseFlags = {
    output: Flags.string({
      char: 'o',
      summary: 'How to print the result.',
      options: [...outputFormats],
      helpGroup: 'OUTPUT',
    }),
    // Before json: oclif draws the usage in this order, and would leave a hole in it.
    quiet: Flags.boolean({char: 'q', summary: 'Print IDs only.', exclusive: ['output', 'json'], helpGroup: 'OUTPUT'}),
    json: Flags.boolean({summary: 'The same as --output json.', exclusive: ['output'], helpGroup: 'OUTPUT'}),
    debug: Flags.boolean({summary: 'Print each request on stderr, without secrets.', helpGroup: 'OUTPUT'}),
  }

  protected readonly secrets = knownSecrets
  /** What is drawn on the terminal while something long is under way. */
  protected bar: ProgressBar | undefined

  /** oclif would take an argument that was left out from whatever is piped in: nobody is to be changed by such a guess. */
  override async init(): Promise<void> {
    await super.init()
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true
  }

  protected formatOf(flags: OutputFlags): OutputFormat {
    return flags.json ? 'json' : (outputFormats.find(format => format === flags.output) ?? 'table')
  }

  /** Writes data to stdout. */
  protected print(text: string): void {
    process.stdout.write(text)
  }

  /** Writes data to stdout and waits until it is taken, so that a slow reader slows down what is read for it. */
  private printed(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      process.stdout.write(text, error => (error ? reject(new ReaderGone()) : resolve()))
    })
  }

  /** Writes a line to stderr. */
  protected note(text: string): void {
    this.bar?.clear()
    process.stderr.write(`${withoutSecrets(plain(text), this.secrets)}\n`)
  }

  protected warning(text: string): void {
    this.bar?.clear()
    const label = colorsFor(process.stderr, process.env) ? yellow('Warning:') : 'Warning:'
    process.stderr.write(`${label} ${withoutSecrets(plain(text), this.secrets)}\n`)
  }

  /** Prints rows in the format that the flags ask for: all data to stdout, and what goes with it to stderr. */
  protected async printRows<Row>(flags: OutputFlags, output: RowOutput<Row>): Promise<void> {
    const {rows, columns} = output
    const format = this.formatOf(flags)
    if (flags.quiet) {
      const ids = rows.map(output.id).filter(id => id !== undefined)
      return this.print(ids.map(id => `${plain(id)}\n`).join(''))
    }
    if (format === 'table') return this.printTable(output)
    const {toCsv, toJson, toJsonLines} = await import('../terminal/formats.ts')
    const whole = () => output.whole ?? rows.map(output.toJson)
    if (format === 'json') this.print(toJson(whole()))
    else if (format === 'jsonl') this.print(toJsonLines(rows.map(output.toJson)))
    else if (format === 'yaml') this.print(await this.asYaml(whole()))
    else {
      const headers = columns.map(({header}) => header)
      this.print(
        await toCsv(
          headers,
          rows.map(row => columns.map(column => column.value(row))),
        ),
      )
    }
  }

  /**
   * How to print rows a few at a time, while more of them are being read: undefined in a format that needs all of them.
   * What it gives rejects when the reader has closed the pipe, and that ends the command quietly.
   */
  protected async rowPrinter<Row>(
    flags: OutputFlags,
    {columns, toJson, id}: Pick<RowOutput<Row>, 'columns' | 'toJson' | 'id'>,
  ): Promise<((rows: Row[]) => Promise<void>) | undefined> {
    const format = this.formatOf(flags)
    if (flags.quiet) return rows => this.printed(rows.map(row => `${plain(id(row) ?? '')}\n`).join(''))
    if (format !== 'jsonl' && format !== 'csv') return undefined
    const {toCsv, toCsvRows, toJsonLines} = await import('../terminal/formats.ts')
    if (format === 'jsonl') return rows => this.printed(toJsonLines(rows.map(toJson)))
    const headers = columns.map(({header}) => header)
    await this.printed(await toCsv(headers, []))
    return async rows => this.printed(await toCsvRows(rows.map(row => columns.map(column => column.value(row)))))
  }

  private printTable<Row>({rows, columns, mayHide, empty}: RowOutput<Row>): void {
    if (rows.length === 0) {
      if (empty) this.note(empty)
      return
    }
    const {text, hidden} = renderTable(columns, rows, {...this.canvas(), mayHide})
    this.print(`${text}\n`)
    if (hidden.length > 0) {
      const note = `Not shown in so narrow a terminal: ${hidden.join(', ')}. -o json has all.`
      this.note(colorsFor(process.stderr, process.env) ? dim(note) : note)
    }
  }

  /** Prints one thing in the format that the flags ask for. */
  protected async printRecord(
    flags: OutputFlags,
    record: {entries: readonly (readonly [string, string | NestedTable])[]; json: object; id: string},
  ): Promise<void> {
    const format = this.formatOf(flags)
    if (flags.quiet) this.print(`${plain(record.id)}\n`)
    else if (format === 'table') this.print(`${renderRecord(record.entries, this.canvas())}\n`)
    else {
      const {toCsv, toJson, toJsonLines} = await import('../terminal/formats.ts')
      if (format === 'json') this.print(toJson(record.json))
      else if (format === 'jsonl') this.print(toJsonLines([record.json]))
      else if (format === 'yaml') this.print(await this.asYaml(record.json))
      else {
        const flat = record.entries.map(([, value]) =>
          typeof value === 'string' ? value : value.rows.map(row => row.join(' ')).join('; '),
        )
        this.print(
          await toCsv(
            record.entries.map(([label]) => label),
            [flat],
          ),
        )
      }
    }
  }

  private async asYaml(value: unknown): Promise<string> {
    const {toYaml} = await import('../terminal/yaml.ts')
    return toYaml(value)
  }

  /** How wide stdout is, in columns (undefined where it is no terminal), and whether to colour it. */
  protected canvas(): {width: number | undefined; color: boolean} {
    const width = process.stdout.isTTY ? process.stdout.columns || 80 : undefined
    return {width, color: colorsFor(process.stdout, process.env)}
  }

  /** Someone to ask, or undefined where nobody can answer: without a terminal on stdin and stderr. */
  protected async prompter(): Promise<Prompter | undefined> {
    if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined
    const {createPrompter} = await import('../terminal/prompts.ts')
    return createPrompter({input: process.stdin, output: process.stderr})
  }

  /** Asks for a yes, unless `yes` is given already. Throws a usage error, exit 2, where nobody can answer. */
  protected async confirm(message: string, yes: boolean): Promise<boolean> {
    if (yes) return true
    const prompter = await this.prompter()
    if (!prompter)
      throw usageError(
        `${message} Nobody can answer without a terminal: nothing was sent.`,
        'Pass --yes to answer yes.',
      )
    return prompter.confirm({message})
  }

  override async catch(error: Error): Promise<void> {
    if (error instanceof ReaderGone) return
    // The flags may not have been parsed when this is called: parsing is what failed.
    const json = asksForJson(this.argv)
    const flagNames = Object.keys({...this.ctor.baseFlags, ...this.ctor.flags})
    process.exitCode = await reportError(error, {
      json,
      debug: this.argv.includes('--debug'),
      secrets: this.secrets,
      flagNames,
    })
  }
}
