import {BaseCommand} from '../../cli/base-command.ts'
import {noHeaders} from '../../cli/flags/output.ts'
import {printRows} from '../../cli/output.ts'
import {profilesOf, settledPreferences} from '../../cli/preferences.ts'
import {credentialsInWords, type Profile, toJsonProfile} from '../../cli/profiles.ts'

export default class ProfilesList extends BaseCommand {
  static override summary = 'List the profiles of the config file.'
  static override description =
    `A profile says who vpcmd is, and where it works. It is written in the config file, which vpcmd config list names:

profiles:
  security:
    credentials: ibmcloud
    assume: vpcmd-auditor
    account: all
  build:
    credentials: {key_file: ~/.key}
    regions: [eu-de]

credentials: ibmcloud, vpc (this instance), container (this container), or one of {key_file: FILE}, {key_variable: NAME}, {vpc: PROFILE} and {container: PROFILE}; never a key itself. The others are as the flags of these names. All keys can be left out.

Use a profile with --profile NAME or VPCMD_PROFILE, or make it the default with vpcmd profiles use.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> instances list --profile security',
  ]
  static override flags = {'no-headers': noHeaders}

  async run(): Promise<void> {
    const {out} = await this.parse(ProfilesList)
    const used = settledPreferences(this.context).profile?.value
    const rows = [...profilesOf(this.context)].map(([name, profile]) => ({name, profile, isUsed: name === used}))
    await printRows(this.context, out, {
      rows,
      columns: [
        {header: 'Profile', value: ({name}) => name, tells: 'what'},
        {header: 'Default', value: ({isUsed}) => (isUsed ? 'yes' : '')},
        {header: 'Credentials', value: ({profile}) => credentialsInWords(profile.credentials), least: 16},
        {header: 'Assumes', value: ({profile}) => profile.assume ?? '', least: 12},
        {header: 'Account', value: ({profile}) => listed(profile.account), least: 12},
        {header: 'Regions', value: ({profile}) => listed(profile.regions), least: 8, priority: 2},
        {header: 'Output', value: ({profile}) => profile.output ?? '', priority: 3},
      ],
      toJson: ({name, profile, isUsed}) => toJsonProfile(name, profile, isUsed),
      id: ({name}) => name,
      empty: 'There are no profiles: vpcmd profiles list --help says how to write one.',
    })
  }
}

function listed(names: Profile['regions']): string {
  return names?.join(',') ?? ''
}
