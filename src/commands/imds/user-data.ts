import {BaseCommand} from '../../command-line/base-command.ts'
import {plainImdsFlags} from '../../command-line/flags/imds.ts'
import {readOutput} from '../../command-line/flags/output.ts'
import {printBytes, serviceOf} from '../../command-line/imds-service.ts'
import {userDataPrintout} from '../../command-line/imds-verbs.ts'

export default class ImdsUserData extends BaseCommand {
  static override summary = 'Print the user data of this instance, and nothing else.'
  static override description =
    'Run it on the instance. The bytes are those that were given when it was created; exit code 4 when there were none.'
  static override examples = ['<%= config.bin %> <%= command.id %> > user-data']
  static override flags = plainImdsFlags

  async run(): Promise<void> {
    const {flags} = await this.parse(ImdsUserData)
    await printBytes(this.context, readOutput(flags), await userDataPrintout(await serviceOf(this.context, flags)))
  }
}
