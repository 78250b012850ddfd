import {BaseCommand} from '../../cli/base-command.ts'
import {imdsFlags} from '../../cli/flags/imds.ts'
import {serviceOf} from '../../cli/imds-service.ts'
import {printRecord} from '../../cli/output.ts'
import {describeInitialization} from '../../imds/descriptions.ts'

export default class ImdsInitialization extends BaseCommand {
  static override summary = 'Show what this instance was created with: keys, trusted profile, password, user data.'
  static override description =
    'Run it on the instance. The table shows only whether there is a password or user data; --json has the whole answer.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json > initialization.json',
  ]
  static override flags = imdsFlags

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsInitialization)
    const initialization = await (await serviceOf(this.context, flags)).get('instance/initialization')
    await printRecord(this.context, out, {
      entries: describeInitialization(initialization),
      json: initialization,
      id: '',
    })
  }
}
