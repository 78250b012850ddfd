import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {plainImdsFlags} from '../../cli/flags/imds.ts'
import {printBytes, serviceOf} from '../../cli/imds-service.ts'
import {pathArgument, pathPrintout} from '../../cli/imds-verbs.ts'

export default class ImdsGet extends BaseCommand {
  static override summary = 'Get any path of the metadata API, as JSON.'
  static override description = 'Run it on the instance. The path may start with /metadata/v1/.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> instance',
    '<%= config.bin %> <%= command.id %> instance/network_attachments',
    '<%= config.bin %> <%= command.id %> /metadata/v1/placement_groups -o yaml',
  ]
  static override args = {
    path: Args.string({required: true, description: 'Path of the metadata API, such as instance/volume_attachments.'}),
  }
  static override flags = plainImdsFlags

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(ImdsGet)
    const path = pathArgument(args.path)
    await printBytes(this.context, out, await pathPrintout(serviceOf(this.context, flags), path))
  }
}
