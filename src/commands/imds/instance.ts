import {BaseCommand} from '../../command-line/base-command.ts'
import {ImdsCommand} from '../../command-line/imds-command.ts'
import {describeInstance} from '../../inside/descriptions.ts'
import {textAt} from '../../inside/fields.ts'

export default class ImdsInstance extends ImdsCommand {
  static override summary = 'Show this instance as the metadata service knows it.'
  static override description = 'Run it on the instance. --json is the answer of the metadata API itself.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> -q',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override baseFlags = {...ImdsCommand.baseFlags, quiet: BaseCommand.baseFlags.quiet}

  async run(): Promise<void> {
    const {flags} = await this.parse(ImdsInstance)
    const instance = await (await this.service(flags)).instance()
    await this.printRecord(flags, {entries: describeInstance(instance), json: instance, id: textAt(instance, 'id')})
  }
}
