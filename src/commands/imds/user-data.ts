import {PlainImdsCommand} from '../../command-line/imds-command.ts'
import {userDataPrintout} from '../../command-line/imds-verbs.ts'

export default class ImdsUserData extends PlainImdsCommand {
  static override summary = 'Print the user data of this instance, and nothing else.'
  static override description =
    'Run it on the instance. The bytes are those that were given when it was created; exit code 4 when there were none.'
  static override examples = ['<%= config.bin %> <%= command.id %> > user-data']

  async run(): Promise<void> {
    const {flags} = await this.parse(ImdsUserData)
    await this.printOut(flags, await userDataPrintout(await this.service(flags)))
  }
}
