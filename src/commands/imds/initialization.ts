import {ImdsCommand} from '../../command-line/imds-command.ts'
import {describeInitialization} from '../../inside/descriptions.ts'

export default class ImdsInitialization extends ImdsCommand {
  static override summary = 'Show what this instance was created with: keys, trusted profile, password, user data.'
  static override description =
    'Run it on the instance. The table tells of a password and of user data only that they are there; --json has the whole answer.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json > initialization.json',
  ]

  async run(): Promise<void> {
    const {flags} = await this.parse(ImdsInitialization)
    const initialization = await (await this.service(flags)).get('instance/initialization')
    await this.printRecord(flags, {
      entries: describeInitialization(initialization),
      json: initialization,
      id: '',
    })
  }
}
