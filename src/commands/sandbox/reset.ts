import {BaseCommand} from '../../cli/base-command.ts'
import {forgetNames} from '../../cli/connect-cloud.ts'
import {printRecord} from '../../cli/output.ts'
import {sandboxFolder} from '../../cli/state-folder.ts'
import {VpcmdError} from '../../errors.ts'

export default class SandboxReset extends BaseCommand {
  static override summary = 'Reset the sandbox of --sandbox to its initial state.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const {flags, out} = await this.parse(SandboxReset)
    const {resetSandbox} = await import('../../sandbox/index.ts')
    const reset = await resetSandbox(sandboxFolder(this.context.env)).catch((error: Error) => {
      throw new VpcmdError({code: 'sandbox_failed', message: `The sandbox could not be reset: ${error.message}`})
    })
    // A Tab would offer the runs of the account that there was.
    if (reset) await forgetNames(this.context)
    if (out.format === 'json' || out.query !== undefined) {
      await printRecord(this.context, out, {entries: [], json: {reset}, id: ''})
    } else if (!flags.quiet) {
      this.context.note(reset ? 'Reset the sandbox.' : 'The sandbox was already in its initial state.')
    }
  }
}
