import {Args, Flags, type Interfaces} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkStdin} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {printEnding} from '../../cli/ending.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {listFlag} from '../../cli/flags/declare.ts'
import type {OutputOptions} from '../../cli/flags/output.ts'
import {unbroken} from '../../cli/interruption.ts'
import {printRecord} from '../../cli/output.ts'
import {findOrPick} from '../../cli/select-instances.ts'
import {readWantedSettings, settingFlags} from '../../cli/wanted-settings.ts'
import type {InstancePrototype} from '../../cloud/prototypes.ts'
import type {Instance} from '../../cloud/readers/instance.ts'
import {placeName} from '../../cloud/regions.ts'
import type {VpcApi} from '../../cloud/vpc-api.ts'
import {exitCodes, usageError} from '../../errors.ts'
import {inputName, readInput, readText} from '../../files/read-input.ts'
import {checkNameFree, createInstance, departures, waitUntilRunning} from '../../instances/create-instance.ts'
import {instanceDetails} from '../../instances/details.ts'
import type {FoundInstance} from '../../instances/find-instance.ts'
import {planInstance} from '../../instances/instance-prototype.ts'
import {toJsonRow, whereIs} from '../../instances/list-instances.ts'
import {targetName} from '../../instances/references.ts'
import {checkUserData, userDataIn, userDataInMetadata} from '../../instances/user-data.ts'
import {valueFormatNames} from '../../terminal/formats.ts'
import {inSteps} from '../../terminal/steps.ts'

type CreateFlags = Interfaces.InferredFlags<typeof InstancesCreate.flags>

export default class InstancesCreate extends BaseCommand {
  static override summary = 'Create an instance like an existing one, with the metadata service on.'
  static override description =
    `vpcmd copies the profile, image, VPC, zone, subnet, security groups, keys, trusted profile, resource group and settings of the existing instance, and lists what it can't copy. Flags replace what is copied. The metadata service is on from the first boot, with the protocol and hop limit of the existing instance if its service is on, else with https and hop limit 1.

Without NAME or --like, vpcmd asks for them if there is a terminal.

The VPC API does not return the user data of an instance. To copy it, collect it with vpcmd metadata collect and pass the file to --from-metadata.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> web-3 --like web-2 --from-metadata web-2.json',
    '<%= config.bin %> <%= command.id %> web-3 --like web-2 --user-data cloud-init.yaml --hop-limit 2 --yes',
    '<%= config.bin %> <%= command.id %> web-3 --like web-2 --dry-run',
  ]
  static override args = {
    name: Args.string({description: 'The name of the new instance.'}),
  }
  static override flags = {
    ...cloudFlags,
    like: Flags.string({helpValue: 'INSTANCE', summary: 'ID, name or CRN of the existing instance.'}),
    'user-data': Flags.string({helpValue: 'FILE', summary: 'File with user data for the first boot; - is stdin.'}),
    'from-metadata': Flags.string({
      helpValue: 'FILE',
      summary: 'Take the user data from this file of vpcmd metadata collect; - is stdin.',
      exclusive: ['user-data'],
    }),
    profile: Flags.string({
      helpValue: 'NAME',
      summary: 'Use this instance profile instead. (For a profile of the config file: VPCMD_PROFILE.)',
    }),
    image: Flags.string({helpValue: 'ID|NAME|CRN', summary: 'Use this image instead.'}),
    subnet: Flags.string({helpValue: 'ID|NAME|CRN', summary: 'Use this subnet instead, with its zone and VPC.'}),
    key: listFlag({
      helpValue: 'ID|NAME|CRN',
      summary: 'Use this SSH key instead. Repeat it for more.',
    }),
    ...settingFlags(({word}) => `The ${word} of its metadata service.`),
    'dry-run': Flags.boolean({
      summary: 'Print the request as JSON (or the format of -o), and send nothing.',
    }),
    yes: Flags.boolean({char: 'y', summary: 'Skip the confirmation.'}),
    wait: Flags.integer({
      min: 0,
      max: 86_400,
      default: 600,
      helpValue: 'SECONDS',
      summary: 'How long to wait until the instance runs. 0 does not wait.',
    }),
  }

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(InstancesCreate)
    const prompter = await this.context.prompter()
    if (!prompter) refuseMissing(args.name, flags.like)
    const problem = args.name === undefined ? undefined : problemOfName(args.name)
    if (problem !== undefined) throw usageError(problem, nameRule)
    checkStdin(flags, {'user data': flags['user-data'] ?? flags['from-metadata']})
    const userData = await this.readUserData(flags)
    const cloud = await connectCloud(this.context, {...flags, profile: undefined})
    let like: FoundInstance | undefined
    let name = args.name ?? ''
    await inSteps(this.context, [
      async () => {
        like = await findOrPick(this.context, cloud, flags.like, 'Create an instance like which one?', flags.yes)
        return flags.like === undefined
      },
      async () => {
        if (args.name !== undefined || !prompter) return false
        const problemOf = (typed: string) => {
          const problem = problemOfName(typed)
          return problem && `${problem} ${nameRule}`
        }
        name = await prompter.text({message: 'Name of the new instance?', problemOf})
        return true
      },
      async () => {
        if (like) await this.create(out, flags, {name, like, api: cloud.api(like.region), userData})
        return true
      },
    ])
  }

  private async create(
    out: OutputOptions,
    flags: CreateFlags,
    {name, like, api, userData}: {name: string; like: FoundInstance; api: VpcApi; userData: string | undefined},
  ): Promise<void> {
    const [{prototype, leftOut, names}] = await Promise.all([
      planInstance(api, name, like, {
        profile: flags.profile,
        image: flags.image,
        subnet: flags.subnet,
        keys: flags.key,
        userData,
        settings: readWantedSettings(flags),
      }),
      checkNameFree(api, name),
    ])
    for (const what of leftOut) this.context.note(`Not copied: ${what}.`)
    if (flags['dry-run']) {
      // What is sent has no columns.
      const format = valueFormatNames.find(name => name === out.format) ?? 'json'
      await printRecord(
        this.context,
        {...out, format},
        {
          entries: [],
          json: prototype,
          id: prototype.name,
          isPaged: false,
        },
      )
      this.context.note('Dry run: nothing was sent.')
      return
    }
    if (!flags.yes) await this.show(prototype, names)
    const question = `Create ${name} in ${placeName(like.region)}? It costs money.`
    if (!(await this.context.confirm(question, flags.yes ?? false))) return this.context.declined()
    const created = await unbroken(
      this.context,
      ending => createInstance(api, prototype, ending),
      made => `Created ${targetName(made)}.`,
    )
    if (flags.wait > 0) this.context.note('Waiting until it runs: Ctrl-C ends only the waiting.')
    const made = flags.wait === 0 ? created : await waitUntilRunning(api, created, flags.wait * 1000)
    await this.printCreated(out, made, like)
    const wrong = departures(prototype, made)
    if (wrong.length === 0)
      return printEnding(this.context, {lines: [], next: [['connect', ['connect', made.id]]]}, out.quiet)
    this.context.warning(`${targetName(made)} was created, but not as requested: ${wrong.join('; ')}.`)
    this.context.exitCode = exitCodes.failed
  }

  private async readUserData(flags: CreateFlags): Promise<string | undefined> {
    const file = flags['user-data'] ?? flags['from-metadata']
    if (file === undefined) return undefined
    const {host} = this.context
    const origin = inputName(file)
    const userData =
      flags['user-data'] === undefined
        ? userDataInMetadata(await readText(host, file, 'user data'), origin)
        : userDataIn(await readInput(host, file, 'user data'), origin)
    for (const warning of checkUserData(userData, origin)) this.context.warning(warning)
    return userData
  }

  /** The prototype on stderr, with names beside IDs, and the size of the user data in its place. */
  private async show(prototype: InstancePrototype, names: ReadonlyMap<string, string>): Promise<void> {
    const [{toYaml}, {namedPrototype}] = await Promise.all([
      import('../../terminal/yaml.ts'),
      import('../../instances/named-prototype.ts'),
    ])
    const {user_data: userData} = prototype
    const shown = {
      ...prototype,
      ...(userData !== undefined && {user_data: `${Buffer.byteLength(userData)} bytes`}),
    }
    for (const line of toYaml(namedPrototype(shown, names)).trimEnd().split('\n')) this.context.note(`  ${line}`)
  }

  private async printCreated(out: OutputOptions, instance: Instance, {region}: FoundInstance): Promise<void> {
    const row = {instance, ...whereIs(region), floatingIps: []}
    await printRecord(this.context, out, {
      entries: instanceDetails(row, {of: () => []}),
      json: toJsonRow(row),
      id: instance.id,
      isPaged: false,
    })
  }
}

// IBM/vpc-node-sdk, vpc/v1.ts: names are lower-case, with hyphens, and at most 63 characters long.
function problemOfName(name: string): string | undefined {
  if (/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return undefined
  return `${name === '' ? 'An empty string' : name} is not a valid instance name.`
}

const nameRule =
  'Use lowercase letters, digits and hyphens, at most 63, starting with a letter and ending with a letter or digit.'

/** Throws a usage error for what nobody can be asked for. */
function refuseMissing(name: string | undefined, like: string | undefined): void {
  const missing = name === undefined ? 'NAME is missing.' : like === undefined ? '--like is required.' : undefined
  if (missing) throw usageError(missing, 'Usage: vpcmd instances create NAME --like INSTANCE [flags]')
}
