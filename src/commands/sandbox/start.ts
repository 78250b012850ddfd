import {Flags} from '@oclif/core'
import {BaseCommand} from '../../base-command.ts'
import {usageError} from '../../errors.ts'

export default class SandboxStart extends BaseCommand {
  static override summary = 'Serve the sandbox, a simulated IBM Cloud, for any client on this machine.'
  static override description =
    `It listens on 127.0.0.1 only, prints the variables to export, and serves until Ctrl-C or SIGTERM. What is changed lives as long as it runs; the same arguments give the same instances again.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --port 4010 --instances 1000 --vpcs 8 --regions us-south,eu-de',
    '<%= config.bin %> <%= command.id %> --latency 100 --rate-limit 50 --fault 502:5% --fault reset:3',
    '<%= config.bin %> <%= command.id %> --transition 500 --failing-starts 1',
  ]
  static override flags = {
    port: Flags.integer({min: 0, max: 65_535, default: 0, summary: 'Port to listen on; 0 picks a free one.'}),
    instances: Flags.integer({
      min: 0,
      max: 1_000_000,
      helpValue: 'N',
      summary: 'This many made-up instances in place of the few it starts with.',
    }),
    vpcs: Flags.integer({
      min: 1,
      helpValue: 'N',
      dependsOn: ['instances'],
      summary: 'Spread them over this many VPCs.',
    }),
    regions: Flags.string({helpValue: 'NAMES', summary: 'Serve only these regions, with commas.'}),
    latency: Flags.integer({min: 0, helpValue: 'MS', summary: 'Answer each request so much later.'}),
    'rate-limit': Flags.integer({
      min: 1,
      helpValue: 'N',
      summary: 'Requests a second in a region; past it, 429 with Retry-After.',
    }),
    'token-ttl': Flags.integer({min: 1, helpValue: 'SECONDS', summary: 'Lifetime of IAM tokens.'}),
    transition: Flags.integer({
      min: 0,
      helpValue: 'MS',
      summary: 'How long a stop, a start or a reboot takes; 3000 without.',
    }),
    'failing-starts': Flags.string({
      helpValue: 'N|P%',
      summary: 'The first N starts, or P% of all, end in status failed, for want of capacity.',
    }),
    fault: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'KIND[:N|:P%]',
      summary:
        'Go wrong: 401, 403, 429, 500, 502 (a web page), 503, 504, reset, cut (half an answer) or hang; the first N requests, or P% of all.',
    }),
  }

  async run(): Promise<void> {
    const {flags} = await this.parse(SandboxStart)
    const failing = flags['failing-starts']
    const {parseFailingStarts, parseFault, startSandbox} = await import('../../sandbox/index.ts')
    const sandbox = await startSandbox({
      port: flags.port,
      instances: flags.instances,
      vpcs: flags.vpcs,
      regions: flags.regions?.split(',').map(name => name.trim()),
      latencyMs: flags.latency,
      rateLimitPerSecond: flags['rate-limit'],
      tokenTtlSeconds: flags['token-ttl'],
      transitionMs: flags.transition,
      failingStarts: asUsage(() => (failing === undefined ? undefined : parseFailingStarts(failing))),
      faults: asUsage(() => flags.fault?.map(parseFault)),
    }).catch((error: Error) => {
      throw usageError(error.message)
    })
    const {environment} = sandbox
    if (this.formatOf(flags) === 'json') {
      const {toJson} = await import('../../terminal/formats.ts')
      this.print(toJson({url: sandbox.url, environment}))
    } else {
      this.print(
        Object.entries(environment)
          .map(([name, value]) => `export ${name}=${value}\n`)
          .join(''),
      )
    }
    this.note(`The sandbox serves at ${sandbox.url}. Paste these lines into another terminal; Ctrl-C ends it.`)
    await new Promise<void>(resolve => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    })
    await sandbox.close()
    this.note('The sandbox has stopped.')
  }
}

function asUsage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error))
  }
}
