import {Command, type Config, type Interfaces} from '@oclif/core'
import {Context, ReaderGone} from './context.ts'
import {outputFlags} from './flags/output.ts'
import {type Host, processHost} from './host.ts'
import {asksForJson, reportError} from './report-error.ts'

type FlagOutput = Interfaces.OutputFlags<Interfaces.FlagInput>
type ArgOutput = Interfaces.OutputArgs<Interfaces.ArgInput>

/** What all commands share: a context, flags that are parsed, and errors as one line and an exit code. */
export abstract class BaseCommand extends Command {
  static override baseFlags = outputFlags

  protected readonly context: Context

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
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true
  }

  /** As oclif's own, with the variables of the context's environment: its own is the process's. */
  protected override parse<F extends FlagOutput, B extends FlagOutput, A extends ArgOutput>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const {env} = this.context
    return super.parse(
      options && {
        ...options,
        flags: withEnvironment(options.flags, env),
        baseFlags: withEnvironment(options.baseFlags, env),
      },
      argv,
    )
  }

  override async catch(error: Error): Promise<void> {
    if (error instanceof ReaderGone) return
    const {host} = this.context
    // The flags may not have been parsed when this is called: parsing is what failed.
    const json = asksForJson(this.argv)
    const flagNames = Object.keys({...this.ctor.baseFlags, ...this.ctor.flags})
    const options = {json, debug: this.argv.includes('--debug'), secrets: host.secrets, flagNames}
    this.context.exitCode = await reportError(error, options, host)
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.context.end()
    await super.finally(error)
  }
}

/** The flags with the values of the environment as defaults. */
function withEnvironment<T extends Interfaces.FlagInput | undefined>(flags: T, env: NodeJS.ProcessEnv): T {
  if (flags === undefined) return flags
  const entries = Object.entries(flags).map(([name, {env: variable, ...flag}]) => {
    const value = variable === undefined ? undefined : env[variable]
    if (!value) return [name, flag]
    return [name, {...flag, default: flag.type === 'boolean' ? /^(1|true|y|yes)$/i.test(value) : value}]
  })
  return Object.fromEntries(entries)
}
