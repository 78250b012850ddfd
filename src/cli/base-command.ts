import {Command, type Config, type Interfaces} from '@oclif/core'
import {VpcmdError} from '../errors.ts'
import {Context} from './context.ts'
import {ownWords} from './environment.ts'
import {type CloudFlags, cloudFlags, cloudWords, cloudWordsTyped} from './flags/cloud.ts'
import {type OutputFlags, type OutputOptions, outputFlags, readOutput} from './flags/output.ts'
import {usageLine} from './help-page.ts'
import {type Host, processHost} from './host.ts'
import {ReaderGone} from './paged-output.ts'
import {describeParseError, isParseError, type ParseError} from './parse-error.ts'
import {heedTerminalPreferences, readPreferences, settledPreferences, usedProfile} from './preferences.ts'
import {reportAsked, reportError} from './report-error.ts'

/** The flags that overrule a format that the user prefers. */
const formatFlags = /^(-o|--output|-q$|--quiet$|--query)/

/** What all commands share: a context, flags that are parsed, and errors as one line and an exit code. */
export abstract class BaseCommand extends Command {
  static override baseFlags = outputFlags
  /** Whether it prints a table where no flag says otherwise, and so another format where the user prefers that. */
  static printsTable = true
  /** Whether it runs although the config file is wrong, or a variable that stands for a part of it. */
  static toleratesWrongConfig = false

  protected readonly context: Context
  /** The format that the profile names. */
  private profileOutput: string | undefined
  /** What is wrong with the config file, or a variable that stands for a part of it. */
  protected configProblems: VpcmdError[] = []

  constructor(argv: string[], config: Config, host: Host = processHost) {
    super(argv, config)
    this.context = new Context(host, config.version)
  }

  /** Runs a command on a host of the caller's. Nothing is thrown: what goes wrong is printed, and the exit code is set. */
  static async runOn(
    this: new (
      argv: string[],
      config: Config,
      host: Host,
    ) => BaseCommand,
    argv: string[],
    config: Config,
    host: Host,
  ): Promise<void> {
    await new this(argv, config, host)._run()
  }

  /** oclif would take an argument that was left out from whatever is piped in: nobody is to be changed by such a guess. */
  override async init(): Promise<void> {
    await super.init()
    const flags = ownWords(this.argv)
    this.context.noInput = flags.includes('--no-input')
    if (showsProgress(flags)) this.context.watch()
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true
    this.configProblems = await readPreferences(this.context)
    heedTerminalPreferences(this.context)
  }

  private get own(): typeof BaseCommand {
    return this.ctor as typeof BaseCommand
  }

  /** Also gives how to print. Reports a wrong config file or query before anything is sent. */
  protected override async parse<
    F extends Record<string, unknown>,
    B extends Record<string, unknown>,
    A extends Record<string, unknown>,
  >(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A> & {out: OutputOptions}> {
    const parsed = await super.parse(options, argv)
    const [problem] = this.configProblems
    if (problem && !this.own.toleratesWrongConfig) throw problem
    const flags: OutputFlags & Partial<CloudFlags> = parsed.flags
    // `instances create` has another --profile, that of the instance.
    const isOfConfig = this.own.flags?.profile === cloudFlags.profile
    const ofCloud = isOfConfig ? flags : {...flags, profile: undefined}
    this.context.cloudWords = cloudWords(ofCloud)
    if (Object.hasOwn(this.own.flags ?? {}, 'profile')) {
      this.profileOutput = (await usedProfile(this.context, ofCloud))?.profile.output
    }
    if (flags.query === undefined && !flags.json && !flags.quiet) flags.output ??= this.preferredOutput
    const out = readOutput(flags)
    if (out.query !== undefined) (await import('../terminal/query.ts')).compileQuery(out.query)
    return {...parsed, out}
  }

  /** The format that the environment or the config file names, where this command has it. */
  private get preferredOutput(): string | undefined {
    if (!this.own.printsTable) return undefined
    const output = this.profileOutput ?? settledPreferences(this.context).output?.value
    const {options = []}: {options?: readonly string[]} = {...this.own.baseFlags, ...this.own.flags}.output
    // What prints bytes has other formats, but no table: `vpcmd imds token` stays what boot scripts read.
    return output !== undefined && options.includes('table') && options.includes(output) ? output : undefined
  }

  override async catch(error: Error): Promise<void> {
    this.context.endWatch()
    if (error instanceof ReaderGone) return
    await this.context.settle()
    const {host} = this.context
    // The flags may not have been parsed when this is called: parsing is what failed.
    const preferred = this.argv.some(arg => formatFlags.test(arg)) ? '' : (this.preferredOutput ?? '')
    const typed = reportAsked(this.argv, host.secrets)
    const json = typed.json || /^jsonl?$/.test(preferred)
    const jsonl = typed.jsonl || preferred === 'jsonl'
    const told = isParseError(error) ? this.misused(error) : error
    const isMeant = told instanceof VpcmdError && told.hint !== undefined
    const pointed = isMeant ? told.reworded({hint: this.context.pointed(told.hint ?? '')}) : told
    this.context.exitCode = await reportError(pointed, {...typed, json, jsonl}, host)
  }

  private misused(error: ParseError): VpcmdError {
    const {id = '', args = {}, flags = {}, baseFlags} = this.ctor
    if (Object.hasOwn(flags, 'sandbox')) this.context.cloudWords = cloudWordsTyped(this.argv)
    return describeParseError(error, {
      flags: {...baseFlags, ...flags},
      args: Object.keys(args),
      usage: usageLine({id, args, flags}),
      command: id.replaceAll(':', ' '),
    })
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.context.end()
    await super.finally(error)
  }
}

/** A command about the settings of vpcmd itself. Here, as a file of its own would be waited for. */
export abstract class ConfigCommand extends BaseCommand {
  /** As gh and git print their settings: in the format that is set, nobody could read how to set another. */
  static override printsTable = false
  static override toleratesWrongConfig = true
}

/** With --quiet it would be no help, and it would be drawn into what a person, or another vpcmd, writes meanwhile for stdin. */
function showsProgress(flags: string[]): boolean {
  const isQuiet = flags.some(flag => flag === '--quiet' || /^-[a-z]*q[a-z]*$/.test(flag))
  return !isQuiet && !flags.some(flag => /^(--[\w-]+=)?-$/.test(flag))
}
