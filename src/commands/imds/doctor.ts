import {BaseCommand} from '../../cli/base-command.ts'
import {imdsFlags} from '../../cli/flags/imds.ts'
import {readService} from '../../cli/imds-service.ts'
import {printRows} from '../../cli/output.ts'
import {exitCodes} from '../../errors.ts'
import {diagnose, type Finding} from '../../imds/doctor.ts'
import {realSurroundings} from '../../imds/surroundings.ts'
import {renderRecord} from '../../terminal/table.ts'

export default class ImdsDoctor extends BaseCommand {
  static override summary = 'Find out why the metadata service does not answer here, and how to fix it.'
  static override description =
    `Run it on the instance, or in a container there. It distinguishes: service off, wrong protocol, hop limit too low, no route, name not found, certificate not trusted, proxies in the way, clock off, trusted profile not linked. Exit code 0 when all is well, 1 otherwise.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = imdsFlags

  async run(): Promise<void> {
    const {flags, out} = await this.parse(ImdsDoctor)
    const diagnosis = await diagnose(await readService(this.context, flags), realSurroundings(this.context.host))
    if (out.format === 'table' && !flags.quiet) {
      this.context.print(`${renderRecord(diagnosis.checks.flatMap(asEntries), this.context.canvas())}\n`)
    } else
      await printRows(this.context, out, {
        rows: diagnosis.checks,
        columns: [
          {header: 'Check', value: ({check}) => check},
          {header: 'State', value: ({state}) => state},
          {header: 'Finding', value: ({finding}) => finding},
          {header: 'Remedy', value: ({remedy}) => remedy ?? ''},
        ],
        mayHide: false,
        id: ({check, state}) => (state === 'problem' ? check : undefined),
        toWhole: () => diagnosis,
      })
    if (!diagnosis.ok) this.context.exitCode = exitCodes.failed
  }
}

function asEntries({check, state, finding, remedy}: Finding): [string, string][] {
  const entries: [string, string][] = [[check, `${state === 'ok' ? 'ok' : 'PROBLEM'}: ${finding}`]]
  return remedy === undefined ? entries : [...entries, ['', `Fix: ${remedy}`]]
}
