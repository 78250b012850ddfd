import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {printRecord} from '../../cli/output.ts'
import {type PreferenceName, preferenceNames, preferenceTable} from '../../cli/preference-table.ts'
import {settledPreferences} from '../../cli/preferences.ts'

export default class ConfigSet extends BaseCommand {
  static override summary = 'Keep a setting of vpcmd itself in the config file.'
  static override description = preferenceNames.map(name => `${name}: ${preferenceTable[name].summary}`).join('\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> regions us-south,eu-de',
    '<%= config.bin %> <%= command.id %> columns name,id,status,metadata',
    '<%= config.bin %> <%= command.id %> output json',
  ]
  /** As gh and git print their settings: in the format that is set, nobody could read how to set another. */
  static override printsTable = false
  static override toleratesWrongConfig = true
  static override args = {
    key: Args.string({required: true, options: preferenceNames, description: 'The setting.'}),
    value: Args.string({required: true, description: 'Its value; of several, separated by commas.'}),
  }

  async run(): Promise<void> {
    const {args, out} = await this.parse(ConfigSet)
    const {checkPreference, configFileOf, writePreference} = await import('../../cli/config-file.ts')
    const key = args.key as PreferenceName
    const value = checkPreference(key, args.value)
    const file = configFileOf(this.context.env)
    await writePreference(file, key, value)
    if (out.format !== 'table' || out.quiet) {
      const text = [value].flat().join(',')
      await printRecord(this.context, out, {
        entries: Object.entries({key, value: text, file}),
        json: {key, value, file},
        id: key,
      })
    } else this.context.note(`Set ${key} in ${file}.`)
    const settled = settledPreferences(this.context)[key]
    if (settled?.from === 'environment') this.context.warning(`${settled.source} is set and overrides it.`)
  }
}
