import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {printRecord} from '../../cli/output.ts'

export default class ConfigUnset extends BaseCommand {
  static override summary = 'Take a setting of vpcmd itself out of the config file.'
  static override description = 'Also takes out a key that is no setting, which other commands refuse.'
  static override examples = ['<%= config.bin %> <%= command.id %> regions']
  /** As gh and git print their settings: in the format that is set, nobody could read how to set another. */
  static override printsTable = false
  static override toleratesWrongConfig = true
  static override args = {
    key: Args.string({required: true, description: 'The setting.'}),
  }

  async run(): Promise<void> {
    const {args, out} = await this.parse(ConfigUnset)
    const {configFileOf, writePreference} = await import('../../cli/config-file.ts')
    const {key} = args
    const file = configFileOf(this.context.env)
    const unset = await writePreference(file, key, undefined)
    if (out.format !== 'table' || out.quiet) {
      const entries = Object.entries({key, unset: String(unset), file})
      await printRecord(this.context, out, {entries, json: {key, unset, file}, id: key})
    } else this.context.note(unset ? `Removed ${key} from ${file}.` : `${key} was not set in ${file}.`)
  }
}
