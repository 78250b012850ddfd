import {ConfigCommand} from '../../cli/base-command.ts'
import {noHeaders} from '../../cli/flags/output.ts'
import {printRows} from '../../cli/output.ts'
import {shownPreferences} from '../../cli/preferences.ts'
import {exitCodes} from '../../errors.ts'
import {configFile} from '../../files/user-folders.ts'

export default class ConfigList extends ConfigCommand {
  static override summary = 'List the settings of vpcmd itself, and where each is from.'
  static override description =
    'A flag beats the environment, and the environment beats the config file, which is vpcmd/config.yaml in $XDG_CONFIG_HOME, or in ~/.config. It holds no secrets.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = {'no-headers': noHeaders}

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ConfigList)
    await printRows(this.context, out, {
      rows: shownPreferences(this.context),
      columns: [
        {header: 'Key', value: ({key}) => key},
        {header: 'Value', value: ({text}) => text, least: 16},
        {header: 'From', value: ({from, source}) => source ?? from, least: 16},
      ],
      toJson: ({key, value, from, source}) => ({key, value, from, source}),
      id: ({key}) => key,
    })
    const file = configFile(this.context.env)
    if (file !== undefined && !flags.quiet) this.context.note(`Config file: ${file}`)
    for (const problem of this.configProblems) {
      this.context.error(problem)
      this.context.exitCode = exitCodes.usage
    }
  }
}
