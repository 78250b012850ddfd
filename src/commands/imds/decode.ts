import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {imdsFlags} from '../../cli/flags/imds.ts'
import {serviceOf} from '../../cli/imds-service.ts'
import {printRecord} from '../../cli/output.ts'
import {VpcmdError} from '../../errors.ts'
import {type InputHost, readText} from '../../files/read-input.ts'
import {describeClaims} from '../../imds/descriptions.ts'
import {claimsIn} from '../../jwt-claims.ts'

export default class ImdsDecode extends BaseCommand {
  static override summary = 'Show what a token says: who, where, until when.'
  static override description =
    'Without FILE, it gets an identity token of this instance; with FILE it runs anywhere. vpcmd does not check the signature: trust the claims only if you know where the token comes from. The token itself is not printed.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    'vpcmd imds iam-token | <%= config.bin %> <%= command.id %> -',
  ]
  static override args = {
    file: Args.string({description: 'A file with a token in it; - is standard input.'}),
  }
  static override flags = imdsFlags

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(ImdsDecode)
    const token =
      args.file === undefined
        ? (await serviceOf(this.context, flags)).identity.access_token
        : await readToken(this.context.host, args.file)
    this.context.host.secrets.add(token)
    const claims = claimsIn(token)
    if (!claims) {
      throw new VpcmdError({
        code: 'no_token',
        message: 'This is not a token: a JWT has three parts with dots between them, and its claims are JSON.',
      })
    }
    await printRecord(this.context, out, {
      entries: describeClaims(claims, this.context.host.now()),
      json: claims,
      id: '',
    })
  }
}

/** The token alone, or the JSON that it came in. */
async function readToken(host: InputHost, file: string): Promise<string> {
  const text = await readText(host, file, 'token')
  try {
    const {access_token: token} = JSON.parse(text) as {access_token?: unknown}
    if (typeof token === 'string') return token
  } catch {
    // No JSON: the token itself.
  }
  return text.trim()
}
