import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {printDone} from '../../cli/output.ts'
import {profilesOf, settledPreferences} from '../../cli/preferences.ts'
import {profileNamed} from '../../cli/profiles.ts'

export default class ProfilesUse extends BaseCommand {
  static override summary = 'Use a profile wherever --profile names no other.'
  static override description =
    'vpcmd keeps the name in the config file. To use no profile again: vpcmd config unset profile'
  static override examples = ['<%= config.bin %> <%= command.id %> security']
  static override args = {name: Args.string({required: true, description: 'The name of the profile.'})}

  async run(): Promise<void> {
    const {args, out} = await this.parse(ProfilesUse)
    const {name} = args
    profileNamed(profilesOf(this.context), name, 'the command line')
    const {configFileOf, writePreference} = await import('../../cli/config-file.ts')
    const file = configFileOf(this.context.env)
    await writePreference(this.context.host, file, 'profile', name)
    await printDone(this.context, out, `Using profile ${name}, as ${file} says.`, {json: {name, file}, id: name})
    const settled = settledPreferences(this.context).profile
    if (settled?.from === 'environment') this.context.warning(`${settled.source} is set, and beats it.`)
  }
}
