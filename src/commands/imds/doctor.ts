import {ImdsCommand} from '../../command-line/imds-command.ts'
import {exitCodes} from '../../errors.ts'
import {diagnose} from '../../inside/doctor.ts'
import type {Finding} from '../../inside/doctor-checks.ts'
import {realSurroundings} from '../../inside/surroundings.ts'
import {renderRecord} from '../../terminal/table.ts'

export default class ImdsDoctor extends ImdsCommand {
  static override summary = 'Tell why the metadata service does not answer here, and what mends it.'
  static override description =
    `Run it on the instance, or in a container there. It tells apart: service off, wrong protocol, hop limit too low, no route, name not found, certificate not trusted, proxies in the way, clock off, trusted profile not linked. Exit code 0 when all is well, 1 otherwise.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<void> {
    const {flags} = await this.parse(ImdsDoctor)
    const diagnosis = await diagnose(
      await this.reach(flags),
      realSurroundings(this.context.env, this.context.host.platform),
    )
    if (this.formatOf(flags) === 'table' && !flags.quiet) {
      this.print(`${renderRecord(diagnosis.checks.flatMap(asEntries), this.canvas())}\n`)
    } else
      await this.printRows(flags, {
        rows: diagnosis.checks,
        columns: [
          {header: 'Check', value: ({check}) => check},
          {header: 'State', value: ({state}) => state},
          {header: 'Finding', value: ({finding}) => finding},
          {header: 'Remedy', value: ({remedy}) => remedy ?? ''},
        ],
        mayHide: false,
        toJson: finding => finding,
        id: ({check, state}) => (state === 'problem' ? check : undefined),
        whole: diagnosis,
      })
    if (!diagnosis.ok) this.context.exitCode = exitCodes.failed
  }
}

function asEntries({check, state, finding, remedy}: Finding): [string, string][] {
  const entries: [string, string][] = [[check, `${state === 'ok' ? 'ok' : 'PROBLEM'}: ${finding}`]]
  return remedy === undefined ? entries : [...entries, ['', `Mend it: ${remedy}`]]
}
