import {BaseCommand} from '../../cli/base-command.ts'
import {imdsFlags} from '../../cli/flags/imds.ts'
import {outputFlags} from '../../cli/flags/output.ts'
import {serviceOf} from '../../cli/imds-service.ts'
import {printRecord} from '../../cli/output.ts'
import {describeInstance} from '../../imds/descriptions.ts'
import {textAt} from '../../imds/fields.ts'

export default class ImdsInstance extends BaseCommand {
  static override summary = 'Show this instance as the metadata service knows it.'
  static override description = 'Run it on the instance. --json is the answer of the metadata API itself.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -q',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override flags = {...imdsFlags, quiet: outputFlags.quiet}

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsInstance)
    const instance = await (await serviceOf(this.context, flags)).instance()
    await printRecord(this.context, out, {
      entries: describeInstance(instance),
      json: instance,
      id: textAt(instance, 'id'),
    })
  }
}
