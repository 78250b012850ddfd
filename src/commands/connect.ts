import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../cli/base-command.ts'
import {checkFiles} from '../cli/check-files.ts'
import {connectCloud, usesSandbox} from '../cli/connect-cloud.ts'
import {cloudFlags} from '../cli/flags/cloud.ts'
import type {OutputOptions} from '../cli/flags/output.ts'
import {readWishes, sshFlags} from '../cli/flags/ssh.ts'
import {unbroken} from '../cli/interruption.ts'
import {printRecord} from '../cli/output.ts'
import {findOrPick} from '../cli/select-instances.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {usageError, type VpcmdError} from '../errors.ts'
import type {FoundInstance} from '../instances/find-instance.ts'
import {primaryInterface} from '../instances/primary-port.ts'
import {targetName} from '../instances/references.ts'
import {quoteCommand} from '../quote-command.ts'
import {type Login, rdpFile, rdpPort} from '../ssh/login.ts'
import {
  assignFloatingIp,
  checkRunning,
  checkWishes,
  findReach,
  noFloatingIp,
  type ReachWishes,
  unknownUser,
} from '../ssh/reach.ts'
import {checkSsh, runSsh} from '../ssh/run-ssh.ts'
import {findSandboxSsh, unusedOnSandbox} from '../ssh/sandbox-ssh.ts'
import {sshArguments} from '../ssh/ssh-arguments.ts'
import {type Destination, explainFailure, sshFailed} from '../ssh/ssh-failures.ts'
import {sshOverrides} from '../ssh/ssh-overrides.ts'
import {chooseThen} from '../terminal/steps.ts'

export default class Connect extends BaseCommand {
  static override summary = 'Open a shell on an instance, or run a command on it, over ssh.'
  static override description =
    `vpcmd runs the ssh of this machine, with your configuration, agent and known hosts. It logs in as the default user of the instance's image, at its floating IP. Everything after -- goes to ssh: ssh options, or a command. The exit code is that of ssh.

To reach an instance without a floating IP, pass --internal-ip or --via, or give it one with --assign-floating-ip. If there is a terminal, vpcmd asks. For a Windows instance, vpcmd prints the Remote Desktop command and runs nothing.

On the sandbox, the shell is one of this machine, as you, and what you run in it is real. vpcmd logs in with the sandbox's own key, and leaves your ssh configuration out. curl and vpcmd reach the instance's metadata service from there by its usual name.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 -- uptime',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 -- -L 8080:localhost:80 -N',
    '<%= config.bin %> <%= command.id %> my-virtual-server-1 --via ubuntu@169.47.94.48 --print',
  ]
  // Standard input is for ssh: oclif would read an argument that is not there from it.
  static override args = {
    instance: Args.string({description: 'ID, name or CRN of an instance. Without it, pick one from a list.'}),
    // Only to say what is missing.
    command: Args.string({hidden: true}),
  }
  static override printsTable = false
  static override flags = {
    ...cloudFlags,
    ...sshFlags,
    print: Flags.boolean({summary: 'Print the command without running it.'}),
    'assign-floating-ip': Flags.boolean({
      summary: 'Reserve a floating IP if the instance has none. This costs money and opens it to the internet.',
      exclusive: ['internal-ip', 'via', 'print'],
    }),
    rdp: Flags.string({
      helpValue: 'FILE',
      summary: 'Write a Remote Desktop file for a Windows instance.',
    }),
  }

  async run(): Promise<void> {
    const end = this.argv.indexOf('--')
    const more = end < 0 ? [] : this.argv.splice(end).slice(1)
    const {args, flags, out} = await this.parse(Connect)
    if (args.command !== undefined) throw missingDashes(args.instance ?? '', args.command)
    checkFiles([flags.rdp], [])
    const wishes = readWishes(flags)
    await checkWishes(wishes, this.context.env)
    const cloud = await connectCloud(this.context, flags)
    const connectTo = async ({instance, region}: FoundInstance) => {
      const api = cloud.api(region)
      if (!flags.print) checkRunning(instance)
      // Whoever names a user is taken to have an SSH server on Windows, unless --rdp says otherwise.
      const reach = await findReach(api, instance, flags.rdp === undefined ? wishes : {...wishes, user: undefined})
      if (flags.rdp !== undefined && reach.login?.protocol !== 'rdp') {
        throw usageError(`${targetName(instance)} does not run Windows: --rdp is only for Remote Desktop.`)
      }
      if (!reach.login) throw unknownUser(instance)
      const login = {...reach.login, user: wishes.user ?? reach.login.user}
      const isSsh = login.protocol === 'ssh'
      if (!isSsh) checkDesktop(instance, wishes, more, reach.address)
      // The built-in sandbox takes ssh only while vpcmd runs: nobody could use its line.
      const isShown = flags.print && usesSandbox(this.context, flags)
      const sandbox = isSsh && !isShown ? await findSandboxSsh(region.url, instance, this.context.env) : undefined
      const unused = sandbox && unusedOnSandbox(wishes)
      if (unused !== undefined) this.context.note(unused)
      const address = reach.address ?? (await this.newAddress(api, instance, flags, isSsh && !flags.print))
      if (!isSsh) return this.showDesktop(out, flags.rdp, instance, login, address)
      const way = {...wishes, user: login.user, address, ...sandbox}
      const call = sshArguments({...way, more})
      if (flags.print) {
        if (isShown)
          this.context.note('The built-in sandbox takes ssh only while vpcmd runs. This is the line for IBM Cloud.')
        return this.printAnswer(out, instance, {address: way.address, ...login, command: ['ssh', ...call]})
      }
      const overrides = sandbox ? [] : await sshOverrides(sshArguments({...way, more: []}), more, this.context.env)
      await this.logIn([...overrides, ...call], {instance, ...way})
    }
    const choose = async () => ({
      chosen: await findOrPick(this.context, cloud, args.instance, 'Connect to which instance?'),
      hasAsked: args.instance === undefined,
    })
    await chooseThen(this.context, choose, connectTo)
  }

  /** Reserves a floating IP where the user says so, by flag or on a terminal. Throws VpcmdError where not. */
  private async newAddress(
    api: VpcApi,
    instance: Instance,
    flags: {'assign-floating-ip'?: boolean; print?: boolean},
    isSshRun: boolean,
  ): Promise<string> {
    const isAsked = flags['assign-floating-ip']
    const prompter = isAsked || flags.print ? undefined : await this.context.prompter()
    if (!isAsked && !prompter) throw noFloatingIp(instance)
    if (isSshRun) await checkSsh(this.context.env)
    const name = targetName(instance)
    const groups = (await primaryInterface(api, instance)).securityGroups.map(({id, name}) => name ?? id).join(', ')
    if (prompter)
      this.context.note(
        'Over a VPN, --internal-ip takes its private address; --via HOST jumps over a host that reaches it.',
      )
    const meaning = `It costs money while it is reserved, and opens the instance to the internet as far as its security groups allow (${groups}).`
    if (!prompter) this.context.note(`Reserving a floating IP for ${name}. ${meaning}`)
    else if (!(await prompter.confirm({message: `${name} has no floating IP. Reserve one for it? ${meaning}`}))) {
      throw noFloatingIp(instance)
    }
    const reserved = await unbroken(
      this.context,
      ending => assignFloatingIp(api, instance, ending),
      ({address, name, id}) => `Reserved ${address} (${name ?? id}) for ${instance.name ?? instance.id}.`,
    )
    // https://cloud.ibm.com/docs/cli?topic=cli-vpc-reference, "ibmcloud is floating-ip-release".
    if (!this.context.isSandbox)
      this.context.note(`To release it: ${quoteCommand(['ibmcloud', 'is', 'floating-ip-release', reserved.id])}`)
    return reserved.address
  }

  private async showDesktop(
    out: OutputOptions,
    file: string | undefined,
    instance: Instance,
    login: Login,
    address: string,
  ): Promise<void> {
    if (file !== undefined) {
      const {writeOutput} = await import('../files/write-output.ts')
      await writeOutput(this.context.host, file, rdpFile(address, login.user))
      this.context.note(`Wrote ${file}.`)
    }
    const command = ['mstsc', `/v:${address}:${rdpPort}`]
    await this.printAnswer(out, instance, {address, ...login, command})
    this.context.note(
      `Log in as ${login.user}. Its password: vpcmd instances initialization ${instance.id} --private-key FILE`,
    )
  }

  /** The command alone in place of a table. */
  private async printAnswer(
    out: OutputOptions,
    {id, name}: Instance,
    answer: Login & {address: string; command: string[]},
  ): Promise<void> {
    if (out.format === 'table') return this.context.print(`${quoteCommand(answer.command)}\n`)
    const {command, ...others} = answer
    const entries = Object.entries({id, name: name ?? '', ...others, command: quoteCommand(command)})
    await printRecord(this.context, out, {entries, json: {id, name: name ?? null, ...answer}, id})
  }

  private async logIn(call: readonly string[], destination: Destination): Promise<void> {
    this.context.endWatch()
    const {code, said} = await runSsh(call, this.context.env, chunk => this.context.host.stderr.write(chunk))
    this.context.exitCode = code
    const failure = code === sshFailed ? explainFailure(said, destination) : undefined
    if (failure) this.context.note(`Error: ${failure.message} ${failure.hint}`)
  }
}

/** Throws a usage error for what can't be kept where a remote desktop is opened: silence would seem to have done it. */
function checkDesktop(
  instance: Instance,
  {via, identity}: ReachWishes,
  more: readonly string[],
  address: string | undefined,
): void {
  if (more.length > 0 || identity !== undefined) {
    throw usageError(
      `${targetName(instance)} runs Windows. Remote Desktop runs no command and takes no key.`,
      'If it has an SSH server, pass --user.',
    )
  }
  if (via === undefined) return
  throw usageError(
    `${targetName(instance)} runs Windows. Remote Desktop can't jump over a host.`,
    `Forward a port first, then connect to localhost:13389: ssh -L 13389:${address}:3389 ${via}`,
  )
}

function missingDashes(instance: string, word: string): VpcmdError {
  return usageError(
    `Unexpected argument ${word}. A command or options for ssh go after --.`,
    `Try: vpcmd connect ${quoteCommand([instance, '--', word])}`,
  )
}
