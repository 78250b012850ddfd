import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {plainImdsFlags} from '../../cli/flags/imds.ts'
import {printBytes, serviceOf} from '../../cli/imds-service.ts'
import {tokenPrintout} from '../../cli/imds-verbs.ts'
import {usageError} from '../../errors.ts'

export default class ImdsToken extends BaseCommand {
  static override summary = 'Get an identity token of this instance.'
  static override description =
    `Run it on the instance. The token proves which instance asked for it, to the metadata service and to anyone who checks its signature. --json has the times, too.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --expires-in 3600 --nonce "$(uuidgen)" --json',
  ]
  static override flags = {
    ...plainImdsFlags,
    'expires-in': Flags.integer({
      min: 5,
      max: 3600,
      helpValue: 'SECONDS',
      summary: 'Lifetime of the token; 300 by default.',
    }),
    nonce: Flags.string({helpValue: 'TEXT', summary: 'Text that the token must carry; vpcmd checks it.'}),
  }

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsToken)
    if (flags.nonce === '') throw usageError('--nonce is empty.', 'It takes a text that nobody else can guess.')
    const service = await serviceOf(this.context, flags, {expiresIn: flags['expires-in'], nonce: flags.nonce})
    await printBytes(this.context, out, tokenPrintout(service))
  }
}
