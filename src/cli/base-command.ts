import {Command, type Config} from '@oclif/core'
import {Context} from './context.ts'
import {outputFlags} from './flags/output.ts'
import {usageLine} from './help-page.ts'
import {type Host, processHost} from './host.ts'
import {ReaderGone} from './paged-output.ts'
import {asksForJson, reportError} from './report-error.ts'

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
    const flags = this.argv.slice(0, this.argv.includes('--') ? this.argv.indexOf('--') : undefined)
    this.context.noInput = flags.includes('--no-input')
    if (showsProgress(flags, this.context.host)) this.context.watch()
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true
  }

  override async catch(error: Error): Promise<void> {
    this.context.endWatch()
    if (error instanceof ReaderGone) return
    await this.context.settle()
    const {host} = this.context
    // The flags may not have been parsed when this is called: parsing is what failed.
    const json = asksForJson(this.argv)
    const flagNames = Object.keys({...this.ctor.baseFlags, ...this.ctor.flags})
    const usage = usageLine({id: this.ctor.id, args: this.ctor.args ?? {}, flags: this.ctor.flags ?? {}})
    const options = {json, debug: this.argv.includes('--debug'), secrets: host.secrets, flagNames, usage}
    this.context.exitCode = await reportError(error, options, host)
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.context.end()
    await super.finally(error)
  }
}

/** With --quiet it would be no help, and where a person types what a command reads it would be drawn into that. */
function showsProgress(flags: string[], {stdin}: Host): boolean {
  const isQuiet = flags.some(flag => flag === '--quiet' || /^-[a-z]*q[a-z]*$/.test(flag))
  return !isQuiet && !(stdin.isTTY && flags.some(flag => /^(--[\w-]+=)?-$/.test(flag)))
}
