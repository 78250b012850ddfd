import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {printRecord} from '../../cli/output.ts'
import {preferenceNames} from '../../cli/preference-table.ts'
import {shownPreferences} from '../../cli/preferences.ts'

export default class ConfigGet extends BaseCommand {
  static override summary = 'Print a setting of vpcmd itself.'
  static override description =
    'vpcmd prints what the environment says, else what the config file says, and an empty line where neither says anything.'
  static override examples = ['<%= config.bin %> <%= command.id %> regions']
  /** As gh and git print their settings: in the format that is set, nobody could read how to set another. */
  static override printsTable = false
  static override toleratesWrongConfig = true
  static override args = {
    key: Args.string({required: true, options: preferenceNames, description: 'The setting.'}),
  }

  async run(): Promise<void> {
    const {args, out} = await this.parse(ConfigGet)
    const [problem] = this.configProblems
    if (problem) throw problem
    for (const {key, value, from, source} of shownPreferences(this.context)) {
      if (key !== args.key) continue
      const text = [value ?? ''].flat().join(',')
      if (out.format === 'table') this.context.print(`${text}\n`)
      else {
        const entries = Object.entries({key, value: text, from, source: source ?? ''})
        await printRecord(this.context, out, {entries, json: {key, value, from, source}, id: key})
      }
    }
  }
}
