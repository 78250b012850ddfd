import {Args} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {printRecord} from '../../cli/output.ts'
import {profilesOf, settledPreferences} from '../../cli/preferences.ts'
import {credentialsInWords, profileNamed, toJsonProfile} from '../../cli/profiles.ts'
import {exitCodes, VpcmdError} from '../../errors.ts'

export default class ProfilesShow extends BaseCommand {
  static override summary = 'Show a profile of the config file.'
  static override description = 'Without a name, vpcmd shows the one that is used where --profile names no other.'
  static override examples = ['<%= config.bin %> <%= command.id %> security']
  static override printsTable = false
  static override args = {name: Args.string({description: 'The name of the profile.'})}

  async run(): Promise<void> {
    const {args, out} = await this.parse(ProfilesShow)
    const used = settledPreferences(this.context).profile
    const name = args.name ?? used?.value
    if (name === undefined) {
      throw new VpcmdError({
        code: 'no_profile',
        message: 'No profile is used.',
        hint: 'Name one, or see vpcmd profiles list.',
        exitCode: exitCodes.notFound,
      })
    }
    const source = args.name === undefined ? (used?.source ?? '') : 'the command line'
    const profile = profileNamed(profilesOf(this.context), name, source)
    const {credentials, assume, account, enterprise, account_group: group, regions, output} = profile
    const entries: [string, string | undefined][] = [
      ['Profile', name],
      ['Credentials', credentialsInWords(credentials)],
      ['Assumes', assume],
      ['Account', account?.join(', ')],
      ['Enterprise', enterprise],
      ['Account group', group],
      ['Regions', regions?.join(', ')],
      ['Output', output],
    ]
    await printRecord(this.context, out, {
      entries: entries.flatMap(([label, text]) => (text === undefined ? [] : [[label, text]])),
      json: toJsonProfile(name, profile, name === used?.value),
      id: name,
    })
  }
}
