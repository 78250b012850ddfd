import {changeFlags, instanceArgs, MetadataChangeCommand} from '../../metadata-change-command.ts'

export default class MetadataDisable extends MetadataChangeCommand {
  static override summary = 'Turn the metadata service of instances off.'
  static override description =
    `Software on the instance then gets no identity token and no metadata any more, so this asks first. Protocol and hop limit stay as they are.

Without <instance>, on a terminal, instances are picked from a list.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 --yes --json',
  ]
  static override args = instanceArgs
  static override flags = changeFlags

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataDisable)
    await this.change(flags, args.instance ?? [], {
      verb: 'Disable',
      alwaysAsks: true,
      wanted: async () => ({enabled: false}),
    })
  }
}
