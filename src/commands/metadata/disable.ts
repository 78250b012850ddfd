import {BaseCommand} from '../../cli/base-command.ts'
import {changeMetadata, selectionHelp} from '../../cli/change-metadata.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {readChange, rolloutFlags} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {instanceArgs, readSelection, selectionFlags} from '../../cli/flags/selection.ts'

export default class MetadataDisable extends BaseCommand {
  static override summary = 'Disable the metadata service of instances.'
  static override description =
    `Software on the instance can then no longer get identity tokens or metadata, so vpcmd asks first. Protocol and hop limit stay as they are.

${selectionHelp}`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 --yes --json',
    '<%= config.bin %> <%= command.id %> --all --protocol http --region eu-de',
  ]
  static override args = instanceArgs
  static override flags = {...cloudFlags, ...rolloutFlags, ...selectionFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataDisable)
    const {context} = this
    const policy = readChange(flags)
    const selection = readSelection(flags, args.instance)
    const cloud = await connectCloud(context, flags)
    await changeMetadata(context, cloud, policy, {
      verb: 'Disable',
      alwaysAsks: true,
      selection,
      wanted: {enabled: false},
      asksForSettings: false,
    })
  }
}
