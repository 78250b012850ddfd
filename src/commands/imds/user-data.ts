import {BaseCommand} from '../../cli/base-command.ts'
import {plainImdsFlags} from '../../cli/flags/imds.ts'
import {printBytes, serviceOf} from '../../cli/imds-service.ts'
import {userDataPrintout} from '../../cli/imds-verbs.ts'

export default class ImdsUserData extends BaseCommand {
  static override summary = 'Print the user data of this instance, and nothing else.'
  static override description =
    'Run it on the instance. The bytes are those given when the instance was created; exit code 4 if there is none.'
  static override examples = ['<%= config.bin %> <%= command.id %> > user-data']
  static override flags = plainImdsFlags

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsUserData)
    await printBytes(this.context, out, await userDataPrintout(await serviceOf(this.context, flags)))
  }
}
