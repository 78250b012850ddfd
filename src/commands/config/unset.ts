import {Args} from '@oclif/core'
import {ConfigCommand} from '../../cli/base-command.ts'
import {printDone} from '../../cli/output.ts'

export default class ConfigUnset extends ConfigCommand {
  static override summary = 'Take a setting of vpcmd itself out of the config file.'
  static override description = 'Also takes out a key that is no setting, which other commands refuse.'
  static override examples = ['<%= config.bin %> <%= command.id %> regions']
  static override args = {
    key: Args.string({required: true, description: 'The setting.'}),
  }

  async run(): Promise<void> {
    const {args, out} = await this.parse(ConfigUnset)
    const {configFileOf, writePreference} = await import('../../cli/config-file.ts')
    const {key} = args
    const file = configFileOf(this.context.env)
    const unset = await writePreference(this.context.host, file, key, undefined)
    const sentence = unset ? `Removed ${key} from ${file}.` : `${key} was not set in ${file}.`
    await printDone(this.context, out, sentence, {json: {key, unset, file}, id: key})
  }
}
