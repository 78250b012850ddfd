import {BaseCommand} from '../../cli/base-command.ts'
import {imdsFlags} from '../../cli/flags/imds.ts'
import {outputFlags} from '../../cli/flags/output.ts'
import {serviceOf} from '../../cli/imds-service.ts'
import {printRows} from '../../cli/output.ts'
import {listAt, textAt} from '../../imds/fields.ts'

export default class ImdsKeys extends BaseCommand {
  static override summary = 'List the SSH keys of this instance.'
  static override description = 'Run it on the instance. --json has the public keys, too.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = {...imdsFlags, quiet: outputFlags.quiet}

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsKeys)
    const answer = await (await serviceOf(this.context, flags)).get('keys')
    await printRows(this.context, out, {
      rows: listAt(answer, 'keys'),
      columns: [
        {header: 'ID', value: key => textAt(key, 'id')},
        {header: 'Name', value: key => textAt(key, 'name')},
        {header: 'Type', value: key => textAt(key, 'type'), priority: 1},
        {header: 'Fingerprint', value: key => textAt(key, 'fingerprint'), priority: 3},
        {header: 'Created', value: key => textAt(key, 'created_at'), priority: 2},
      ],
      id: key => textAt(key, 'id'),
      empty: 'This instance has no SSH keys.',
    })
  }
}
