import {Args} from '@oclif/core'
import {ConfigCommand} from '../../cli/base-command.ts'
import {publicRegions} from '../../cli/completion/public-regions.ts'
import {printDone} from '../../cli/output.ts'
import {type PreferenceName, preferenceNames, preferenceTable} from '../../cli/preference-table.ts'
import {settledPreferences} from '../../cli/preferences.ts'
import {nearestName} from '../../nearest-name.ts'

export default class ConfigSet extends ConfigCommand {
  static override summary = 'Keep a setting of vpcmd itself in the config file.'
  static override description = preferenceNames.map(name => `${name}: ${preferenceTable[name].summary}`).join('\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %> regions us-south,eu-de',
    '<%= config.bin %> <%= command.id %> columns name,id,status,metadata',
    '<%= config.bin %> <%= command.id %> output json',
  ]
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
    await writePreference(this.context.host, file, key, value)
    await printDone(this.context, out, `Set ${key} in ${file}.`, {json: {key, value, file}, id: key})
    if (key === 'regions') this.warnOfUnknown([value].flat())
    const settled = settledPreferences(this.context)[key]
    if (settled?.from === 'environment') this.context.warning(`${settled.source} is set and overrides it.`)
  }

  /** Says which regions may be misspelled. They are kept all the same: nobody asks the cloud, which may have new ones. */
  private warnOfUnknown(names: string[]): void {
    for (const name of names) {
      if (name === 'all' || publicRegions.includes(name)) continue
      const near = nearestName(name, publicRegions)
      this.context.warning(`vpcmd knows no region ${name}.${near === undefined ? '' : ` Did you mean ${near}?`}`)
    }
  }
}
