import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkStdin} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {printRecord} from '../../cli/output.ts'
import {findOrPick} from '../../cli/select-instances.ts'
import type {SealedPassword} from '../../cloud/readers/resources.ts'
import {VpcmdError} from '../../errors.ts'
import {readText} from '../../files/read-input.ts'
import {initializationDetails, toJsonInitialization} from '../../instances/initialization.ts'
import {targetName} from '../../instances/references.ts'

export default class InstancesInitialization extends BaseCommand {
  static override summary = 'Show what an instance was created with: keys, trusted profile, and the Windows password.'
  static override description =
    `The password is encrypted with one of the keys. To decrypt it, pass --private-key with an RSA key in PEM or OpenSSH format. vpcmd asks for the passphrase if there is a terminal. The VPC API does not return the user data of an instance; vpcmd metadata collect reads it there.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-windows-server --private-key ~/.ssh/id_rsa',
  ]
  static override args = {
    instance: Args.string({description: 'ID, name or CRN of the instance.'}),
  }
  static override flags = {
    ...cloudFlags,
    'private-key': Flags.string({helpValue: 'FILE', summary: 'Decrypt the Windows password with this private key.'}),
    'passphrase-file': Flags.string({
      helpValue: 'FILE',
      summary: 'File whose first line is the passphrase of the key.',
      dependsOn: ['private-key'],
    }),
  }

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(InstancesInitialization)
    checkStdin(flags, {'private key': flags['private-key'], passphrase: flags['passphrase-file']})
    const keyText = flags['private-key'] && (await readText(this.context.host, flags['private-key'], 'private key'))
    const passphrase =
      flags['passphrase-file'] &&
      (await readText(this.context.host, flags['passphrase-file'], 'passphrase')).split(/\r?\n/)[0]
    const cloud = await connectCloud(this.context, flags)
    const found = await findOrPick(this.context, cloud, args.instance, 'Which instance?')
    const {instance, region} = found
    const given = (await cloud.api(region).getInstanceInitialization({id: instance.id})).result
    if (keyText !== undefined && !given.password) {
      throw new VpcmdError({
        code: 'no_password',
        message: `${targetName(instance)} has no password.`,
        hint: 'Only Windows instances have one, once they have been created.',
      })
    }
    const password =
      keyText !== undefined && given.password ? await this.open(given.password, keyText, passphrase) : undefined
    const initialization = {found, given, password}
    await printRecord(this.context, out, {
      entries: initializationDetails(initialization),
      json: toJsonInitialization(initialization),
      id: instance.id,
    })
  }

  private async open(sealed: SealedPassword, keyText: string, passphrase: string | undefined): Promise<string> {
    const {decryptPassword, readPrivateKey} = await import('../../ssh/windows-password.ts')
    const key = await readPrivateKey(keyText, passphrase).catch(async (error: unknown) => {
      const isLocked = error instanceof VpcmdError && error.code === 'passphrase_needed'
      const prompter = isLocked ? await this.context.prompter() : undefined
      if (!prompter) throw error
      return readPrivateKey(keyText, await prompter.secret({message: 'Passphrase for the private key:'}))
    })
    return decryptPassword(key, sealed)
  }
}
