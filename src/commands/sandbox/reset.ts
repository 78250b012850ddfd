import {BaseCommand, sandboxFolder} from '../../base-command.ts'

export default class SandboxReset extends BaseCommand {
  static override summary = 'Bring the sandbox of --sandbox back to what it starts with.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const {flags} = await this.parse(SandboxReset)
    const {resetSandbox} = await import('../../sandbox/index.ts')
    const reset = await resetSandbox(sandboxFolder(process.env))
    if (this.formatOf(flags) === 'json') {
      const {toJson} = await import('../../terminal/formats.ts')
      this.print(toJson({reset}))
    } else if (!flags.quiet) {
      this.note(reset ? 'The sandbox starts over.' : 'The sandbox was as it starts: nothing had been changed.')
    }
  }
}
