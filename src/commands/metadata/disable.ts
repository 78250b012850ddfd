import {selectionFlags} from '../../command-line/flags/selection.ts'
import {instanceArgs, MetadataChangeCommand} from '../../command-line/metadata-change-command.ts'
import {rolloutFlags} from '../../command-line/rollout-command.ts'

export default class MetadataDisable extends MetadataChangeCommand {
  static override summary = 'Turn the metadata service of instances off.'
  static override description =
    `Software on the instance then gets no identity token and no metadata any more, so this asks first. Protocol and hop limit stay as they are.

Many are chosen with --from-file, or with --all and the filters of instances list. Without any of these, on a terminal, instances are picked from a list.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 --yes --json',
    '<%= config.bin %> <%= command.id %> --all --protocol http --region eu-de',
  ]
  static override args = instanceArgs
  static override flags = {...rolloutFlags, ...selectionFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataDisable)
    await this.change(flags, args.instance ?? [], {
      verb: 'Disable',
      alwaysAsks: true,
      filters: flags,
      wanted: async () => ({enabled: false}),
    })
  }
}
