import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {plainImdsFlags} from '../../cli/flags/imds.ts'
import {printBytes, serviceOf} from '../../cli/imds-service.ts'
import {iamTokenPrintout, profileArgument} from '../../cli/imds-verbs.ts'

export default class ImdsIamToken extends BaseCommand {
  static override summary = 'Get an IAM token through a trusted profile of this instance.'
  static override description =
    'Run it on the instance. IAM-enabled services, such as the VPC API, accept the token until it expires: the instance needs no API key.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --trusted-profile Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5',
  ]
  static override flags = {
    ...plainImdsFlags,
    'trusted-profile': Flags.string({
      helpValue: 'ID|CRN',
      summary: 'Trusted profile that is linked to this instance; without it, the default one.',
    }),
  }

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsIamToken)
    const profile = profileArgument(flags['trusted-profile'])
    await printBytes(this.context, out, await iamTokenPrintout(await serviceOf(this.context, flags), profile))
  }
}
