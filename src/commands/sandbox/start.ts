import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkFiles} from '../../cli/check-files.ts'
import {listFlag} from '../../cli/flags/declare.ts'
import {printRecord} from '../../cli/output.ts'
import {usageError, VpcmdError} from '../../errors.ts'
import {fullPath} from '../../files/file-trouble.ts'
import {writeOutput} from '../../files/write-output.ts'
import {quoteCommand} from '../../quote-command.ts'

export default class SandboxStart extends BaseCommand {
  static override summary = 'Serve the sandbox, a simulated IBM Cloud, to any client on this machine.'
  static override description =
    `The sandbox listens only on 127.0.0.1, prints the variables to export, and serves until Ctrl-C or SIGTERM. Changes are kept only while it runs. The same arguments always give the same instances.

Each instance has its own metadata service, as the instance would reach it at 169.254.169.254. \`vpcmd sandbox addresses\` lists the addresses. The service follows the instance's settings at once. If it is off, or set to the other protocol, it does not answer, as on IBM Cloud. The hop limit is stored and shown but not enforced, as there are no hops on this machine.

Linux instances take ssh on 127.0.0.1 while they run, with a key that the sandbox makes for you alone and removes when it ends. \`vpcmd connect\` logs in with it. The shell is one of this machine, as you, and what you run in it is real. curl and vpcmd, and no other program, reach the instance's metadata service from there by its usual name.

With --accounts, the key belongs to an enterprise. It may assume the trusted profile vpcmd-auditor of each account, but for two that refuse if there are four or more. Metadata services and ssh are those of the first account.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --port 4010 --instances 1000 --vpcs 8 --regions us-south,eu-de',
    '<%= config.bin %> <%= command.id %> --latency 100 --rate-limit 50 --fault 502:5% --fault reset:3',
    '<%= config.bin %> <%= command.id %> --metadata my-virtual-server-2=127.0.0.1:8080 --metadata-ca ./ca.pem',
    '<%= config.bin %> <%= command.id %> --transition 500 --failing-starts 1',
    '<%= config.bin %> <%= command.id %> --accounts 5 --tag-delay 10',
  ]
  static override printsTable = false
  static override flags = {
    port: Flags.integer({min: 0, max: 65_535, default: 0, summary: 'Port to listen on. 0 picks a free one.'}),
    instances: Flags.integer({
      min: 0,
      max: 1_000_000,
      helpValue: 'N',
      summary: 'Generate this many instances in each account instead of the few built-in ones.',
    }),
    vpcs: Flags.integer({
      min: 1,
      helpValue: 'N',
      dependsOn: ['instances'],
      summary: 'Spread the generated instances over this many VPCs in each account.',
    }),
    accounts: Flags.integer({
      min: 1,
      max: 1000,
      default: 1,
      helpValue: 'N',
      summary: 'Serve an enterprise of this many accounts, each with instances of its own.',
    }),
    'cr-token': Flags.string({
      helpValue: 'FILE',
      summary:
        'Write a compute resource token to this file, as a cluster gives it to a pod, and print the variables that sign in with it instead of the API key.',
    }),
    regions: Flags.string({helpValue: 'NAMES', summary: 'Serve only these regions, separated by commas.'}),
    latency: Flags.integer({min: 0, helpValue: 'MS', summary: 'Delay each response by this long.'}),
    'rate-limit': Flags.integer({
      min: 1,
      helpValue: 'N',
      summary: 'Requests per second in a region. Beyond it, the sandbox answers 429 with Retry-After.',
    }),
    'token-ttl': Flags.integer({min: 1, helpValue: 'SECONDS', summary: 'Lifetime of IAM tokens.'}),
    transition: Flags.integer({
      min: 0,
      helpValue: 'MS',
      summary: 'How long a stop, a start or a reboot takes (default 3000).',
    }),
    'tag-delay': Flags.integer({
      min: 0,
      helpValue: 'SECONDS',
      summary: 'How long until the search knows that a tag was attached or detached (default 0).',
    }),
    'failing-starts': Flags.string({
      helpValue: 'N|P%',
      summary: 'Let the first N starts, or P% of all, fail for lack of capacity.',
    }),
    fault: listFlag({
      helpValue: 'KIND[:N|:P%]',
      summary:
        'Fail the first N requests, or P% of all: 401, 403, 429, 500, 502 (a web page), 503, 504, reset, cut (half a response) or hang.',
    }),
    metadata: listFlag({
      helpValue: 'INSTANCE=HOST:PORT',
      summary:
        "Bind an instance's metadata service to this address: loopback (127.0.0.0/8, [::1]), or 169.254.169.254. The others get a free port on 127.0.0.1.",
    }),
    'metadata-off': Flags.option({
      options: ['hang', 'reset'] as const,
      default: 'hang' as const,
      summary: 'What a metadata service does while it is off: not answer, as on IBM Cloud, or reset the connection.',
    })(),
    'metadata-ca': Flags.string({
      helpValue: 'FILE',
      summary:
        'Write the CA of the https metadata services to this file instead of a temporary one, and set SANDBOX_CA to it.',
    }),
  }

  async run(): Promise<void> {
    const {flags, out} = await this.parse(SandboxStart)
    const failing = flags['failing-starts']
    const caFile = flags['metadata-ca']
    const crFile = flags['cr-token']
    checkFiles([caFile, crFile], [])
    const {auditorName, checkBindable, parseFailingStarts, parseFault, startSandbox} = await import(
      '../../sandbox/index.ts'
    )
    const bindings = flags.metadata?.map(readBinding)
    for (const {host} of bindings ?? []) asUsage(() => checkBindable(host))
    const sandbox = await startSandbox({
      port: flags.port,
      instances: flags.instances,
      vpcs: flags.vpcs,
      accounts: flags.accounts,
      regions: flags.regions?.split(',').map(name => name.trim()),
      latencyMs: flags.latency,
      rateLimitPerSecond: flags['rate-limit'],
      tokenTtlSeconds: flags['token-ttl'],
      transitionMs: flags.transition,
      tagDelayMs: flags['tag-delay'] === undefined ? undefined : flags['tag-delay'] * 1000,
      failingStarts: asUsage(() => (failing === undefined ? undefined : parseFailingStarts(failing))),
      vpcmd: this.context.host.ownCommand,
      faults: asUsage(() => flags.fault?.map(parseFault)),
      metadata: {
        bindings,
        off: flags['metadata-off'],
        caFile,
        writeCaFile: (file, pem) => writeOutput(this.context.host, file, pem),
      },
    }).catch((error: Error) => {
      throw error instanceof VpcmdError ? error : usageError(error.message)
    })
    const environment: Record<string, string> = {
      ...sandbox.environment,
      ...(caFile !== undefined && {SANDBOX_CA: fullPath(caFile)}),
    }
    if (crFile !== undefined) {
      await writeOutput(this.context.host, crFile, await sandbox.crToken()).catch(async (error: unknown) => {
        await sandbox.close()
        throw error
      })
      // Keys come first wherever credentials are looked for.
      for (const name of ['IBMCLOUD_API_KEY', 'VPC_APIKEY']) delete environment[name]
      environment.VPC_AUTH_TYPE = 'container'
      environment.VPC_CR_TOKEN_FILENAME = fullPath(crFile)
      environment.VPC_IAM_PROFILE_NAME = auditorName
    }
    if (out.format === 'json' || out.query !== undefined) {
      await printRecord(this.context, out, {entries: [], json: {url: sandbox.url, environment}, id: ''})
    } else {
      this.context.print(
        Object.entries(environment)
          .map(([name, value]) => `export ${name}=${quoteCommand([value])}\n`)
          .join(''),
      )
    }
    this.context.note(
      `The sandbox serves at ${sandbox.url}. Paste these lines into another terminal. Press Ctrl-C to stop.`,
    )
    if (flags.accounts > 1) {
      this.context.note(`All accounts: vpcmd instances list --assume ${auditorName} --account all`)
    }
    this.context.endWatch()
    await new Promise<void>(end => {
      const dispose = this.context.host.onEnding(() => {
        dispose()
        end()
      })
    })
    await sandbox.close()
    this.context.note('Stopped the sandbox.')
  }
}

function asUsage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error))
  }
}

function readBinding(text: string): {instance: string; host: string; port: number} {
  const [, instance, bracketed, plainHost, port] = /^(.+)=(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plainHost
  if (instance === undefined || host === undefined || Number(port) > 65_535) {
    throw usageError(`--metadata takes INSTANCE=HOST:PORT, not ${text}.`)
  }
  return {instance, host, port: Number(port)}
}
