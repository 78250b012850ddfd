import {Args} from '@oclif/core'
import {BaseCommand} from '../cli/base-command.ts'

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const

export default class Completion extends BaseCommand {
  static override summary = 'Print the completion script of a shell.'
  static override description =
    `A Tab then completes commands, flags and their values. It also completes names of instances, VPCs, resource groups and zones as vpcmd listed them last, and runs. A Tab reads files of this machine only, and asks no cloud.

bash: add this to ~/.bashrc: source <(vpcmd completion bash)
zsh: add this to ~/.zshrc, after compinit: source <(vpcmd completion zsh)
fish: run vpcmd completion fish > ~/.config/fish/completions/vpcmd.fish
PowerShell: add this to $PROFILE: vpcmd completion powershell | Out-String | Invoke-Expression`
  static override examples = [
    'source <(<%= config.bin %> <%= command.id %> bash)',
    '<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/vpcmd.fish',
  ]
  // A script is no data: none of the formats would be one that a shell can run.
  static override toleratesWrongConfig = true
  static override printsTable = false
  static override baseFlags = {} as typeof BaseCommand.baseFlags
  static override args = {
    shell: Args.string({required: true, options: [...shells], description: 'The shell that is to complete.'}),
  }

  async run(): Promise<void> {
    const {args} = await this.parse(Completion)
    const {completionScripts} = await import('../cli/completion/scripts.ts')
    this.context.print(completionScripts[args.shell as (typeof shells)[number]])
  }
}
