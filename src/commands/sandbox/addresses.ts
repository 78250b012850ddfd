import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {printRows} from '../../cli/output.ts'
import {fields, flag, list, type Raw, text} from '../../cloud/readers/fields.ts'
import {answerLimits, ask} from '../../cloud/transport.ts'
import type {Column} from '../../column.ts'
import {exitCodes, usageError, VpcmdError} from '../../errors.ts'
import {jsonOf, refusalIn} from '../../imds/answers.ts'
import type {MetadataAddress} from '../../sandbox/index.ts'

const columns: Column<MetadataAddress>[] = [
  {header: 'Instance', value: row => row.name},
  {header: 'ID', value: row => row.id, priority: 3},
  {header: 'Region', value: row => row.region, priority: 1},
  {header: 'Metadata', value: row => (row.enabled ? row.protocol : 'off')},
  {header: 'Address', value: row => row.url},
  {header: 'CA file', value: row => (row.protocol === 'https' ? row.ca_file : ''), priority: 2},
]

export default class SandboxAddresses extends BaseCommand {
  static override summary = 'List the metadata service addresses of a running sandbox.'
  static override description =
    `vpcmd asks the sandbox at VPC_URL, which \`vpcmd sandbox start\` prints. A service that is off does not answer. For https, trust the CA file: curl --cacert FILE, or NODE_EXTRA_CA_CERTS=FILE.

Any program can send the same request: GET /sandbox/addresses?instance=NAME, without a token.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 eu-de/web-1 --json',
  ]
  // An instance each: oclif knows no argument that may be given more than once.
  static override strict = false
  static override args = {
    instance: Args.string({
      description: 'Instances by name, ID, or REGION/NAME, at most 500 (default: all).',
    }),
  }
  static override flags = {
    url: Flags.string({helpValue: 'URL', summary: 'URL of the sandbox (default: VPC_URL).'}),
  }

  async run(): Promise<void> {
    const {argv, flags, out} = await this.parse(SandboxAddresses)
    const url = addressesUrl(flags.url ?? (this.context.env.VPC_URL || undefined))
    for (const name of argv) url.searchParams.append('instance', String(name))
    const rows = await askSandbox(url)
    await printRows(this.context, out, {
      rows,
      columns,
      id: row => row.id,
      empty: 'The sandbox has no instances.',
    })
  }
}

function addressesUrl(text: string | undefined): URL {
  const hint = 'Start a sandbox with vpcmd sandbox start, and paste the lines that it prints.'
  if (text === undefined) throw usageError('VPC_URL is not set, so vpcmd does not know where the sandbox is.', hint)
  const url = URL.canParse(text) ? new URL(text) : undefined
  // VPC_URL may well lead to IBM Cloud, which has nothing to say to this.
  if (url === undefined || !['127.0.0.1', 'localhost'].includes(url.hostname)) {
    throw usageError(`${text} is not the URL of a sandbox, which serves only 127.0.0.1.`, hint)
  }
  return new URL('/sandbox/addresses', url)
}

async function askSandbox(url: URL): Promise<MetadataAddress[]> {
  const reply = await ask(
    {method: 'GET', url: url.href, headers: {}},
    {timeoutMs: 30_000, mostBytes: answerLimits.list},
  )
  if (reply.kind === 'reply') {
    const {status} = reply
    const rows = list(fields(jsonOf(reply)), 'addresses', readAddress)
    if (status === 200 && rows) return rows
    const {code, message} = refusalIn(jsonOf(reply)) ?? {}
    if (code && message) {
      throw new VpcmdError({code, message, status, exitCode: status === 404 ? exitCodes.notFound : exitCodes.usage})
    }
  }
  throw new VpcmdError({
    code: 'no_sandbox',
    message: `No sandbox answers at ${url.origin}.`,
    hint: 'Start one with: vpcmd sandbox start',
  })
}

function readAddress(raw: Raw): MetadataAddress {
  const told = (name: string) => text(raw, name) ?? ''
  return {
    id: told('id'),
    name: told('name'),
    region: told('region'),
    enabled: flag(raw, 'enabled') ?? false,
    protocol: told('protocol') === 'https' ? 'https' : 'http',
    url: told('url'),
    ca_file: told('ca_file'),
  }
}
