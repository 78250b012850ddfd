import {Args} from '@oclif/core'
import {ConfigCommand} from '../../cli/base-command.ts'
import {entriesOf, printRecord} from '../../cli/output.ts'
import {preferenceNames} from '../../cli/preference-table.ts'
import {shownPreferences} from '../../cli/preferences.ts'

export default class ConfigGet extends ConfigCommand {
  static override summary = 'Print a setting of vpcmd itself.'
  static override description =
    'vpcmd prints what the environment says, else what the config file says, and an empty line where neither says anything; stderr then says what holds.'
  static override examples = ['<%= config.bin %> <%= command.id %> regions']
  static override args = {
    key: Args.string({required: true, options: preferenceNames, description: 'The setting.'}),
  }

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(ConfigGet)
    const [problem] = this.configProblems
    if (problem) throw problem
    for (const {text, ...json} of shownPreferences(this.context)) {
      if (json.key !== args.key) continue
      if (out.format === 'table') this.context.print(`${[json.value ?? ''].flat().join(',')}\n`)
      else await printRecord(this.context, out, {entries: entriesOf(json), json, id: json.key})
      if (json.from === 'default' && !flags.quiet) this.context.note(`${json.key} is not set: by default ${text}.`)
    }
  }
}
