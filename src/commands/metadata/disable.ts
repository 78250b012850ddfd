import {BaseCommand} from '../../cli/base-command.ts'
import {changeMetadata} from '../../cli/change-metadata.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags, readCloud} from '../../cli/flags/cloud.ts'
import {readOutput} from '../../cli/flags/output.ts'
import {readRestart} from '../../cli/flags/restart.ts'
import {readRollout, rolloutFlags} from '../../cli/flags/rollout.ts'
import {instanceArgs, readSelection, selectionFlags} from '../../cli/flags/selection.ts'

export default class MetadataDisable extends BaseCommand {
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
  static override flags = {...cloudFlags, ...rolloutFlags, ...selectionFlags}

  async run(): Promise<void> {
    const {args, flags} = await this.parse(MetadataDisable)
    const {context} = this
    const options = {out: readOutput(flags), rollout: readRollout(flags), restart: readRestart({})}
    const selection = readSelection(flags, args.instance)
    const cloud = await connectCloud(context, readCloud(flags))
    await changeMetadata(context, cloud, options, {
      verb: 'Disable',
      alwaysAsks: true,
      selection,
      wanted: async () => ({enabled: false}),
    })
  }
}
