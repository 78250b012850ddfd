import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {listFlag} from '../../cli/flags/declare.ts'
import {outputFlags} from '../../cli/flags/output.ts'
import {printRecord} from '../../cli/output.ts'
import {usageError} from '../../errors.ts'
import {parseEndpoint, parseMetadataPath} from '../../imds/endpoints.ts'
import {cloudConfig, metadataScript, scriptShells} from '../../imds/script.ts'

export default class ImdsScript extends BaseCommand {
  static override summary = 'Print a script that reads the metadata service with curl or PowerShell alone.'
  static override description =
    `For images without Node, and for cloud-init: the script gets an identity token and prints what the metadata API has at a path, as JSON; for several paths, one JSON object with a member for each. It needs a POSIX shell and curl, or PowerShell, and ends with exit code 1 and a line on stderr when something fails. The token is in no list of processes. On Windows, run as administrator, it adds the route to the service that Windows lacks, for good. With --cloud-init the output goes to /var/lib/vpcmd/metadata, for root alone.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> > read-metadata.sh',
    '<%= config.bin %> <%= command.id %> --path instance --path keys | ssh ubuntu@169.47.94.48 sh',
    '<%= config.bin %> <%= command.id %> --user-data --cloud-init > user-data.yaml',
    '<%= config.bin %> <%= command.id %> --shell powershell > read-metadata.ps1',
  ]
  static override printsTable = false
  static override flags = {
    quiet: Flags.boolean({...outputFlags.quiet, hidden: true}),
    shell: Flags.option({options: scriptShells, default: 'sh', summary: 'Shell that runs the script.'})(),
    path: listFlag({
      helpValue: 'PATH',
      summary: 'Path to read; may be repeated. Without it, instance/initialization.',
    }),
    'user-data': Flags.boolean({
      exclusive: ['path'],
      summary: 'Print the user data alone, byte for byte; exit code 4 if there is none.',
    }),
    endpoint: Flags.string({helpValue: 'URL', summary: 'Where the service is; without it, the script looks for it.'}),
    'cloud-init': Flags.boolean({summary: 'Wrap it for cloud-init, to run at the first boot.'}),
  }

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsScript)
    if (flags['cloud-init'] && flags.shell !== 'sh')
      throw usageError('--cloud-init runs scripts of a POSIX shell only.')
    const paths = (flags.path ?? ['instance/initialization']).map(parseMetadataPath)
    const script = metadataScript({
      shell: flags.shell,
      paths,
      endpoint: flags.endpoint === undefined ? undefined : parseEndpoint(flags.endpoint),
      output: flags['user-data'] ? 'user-data' : paths.length === 1 ? 'answer' : 'document',
    })
    const text = flags['cloud-init'] ? cloudConfig(script) : script
    if (out.format === 'table') this.context.print(text)
    else await printRecord(this.context, out, {entries: [['Script', text]], json: {script: text}, id: ''})
  }
}
