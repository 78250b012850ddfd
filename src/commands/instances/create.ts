import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {checkStdin} from '../../cli/check-files.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {type OutputOptions, readOutput} from '../../cli/flags/output.ts'
import {unbroken} from '../../cli/interruption.ts'
import {printRecord} from '../../cli/output.ts'
import type {InstancePrototype} from '../../cloud/prototypes.ts'
import type {Instance} from '../../cloud/readers/instance.ts'
import {exitCodes, usageError} from '../../errors.ts'
import {inputName, readInput, readText} from '../../files/read-input.ts'
import {createInstance, departures, waitUntilRunning} from '../../instances/create-instance.ts'
import {instanceDetails} from '../../instances/details.ts'
import {type FoundInstance, findInstance} from '../../instances/find-instance.ts'
import {planInstance} from '../../instances/instance-prototype.ts'
import {toJsonRow} from '../../instances/list-instances.ts'
import {userDataIn, userDataInMetadata} from '../../instances/user-data.ts'
import {targetName} from '../../metadata/plan.ts'
import {hopLimits, protocols} from '../../metadata/settings.ts'

export default class InstancesCreate extends BaseCommand {
  static override summary = 'Make another instance like a running one, with the metadata service on.'
  static override description =
    `It gets the profile, image, VPC, zone, subnet, security groups, keys, trusted profile, resource group and settings of the other one, what does not go along is named, and its metadata service is on from the first boot: with the protocol and hop limit of the other one where its service is on, else https and 1. What a flag names takes their place.

User data can't be read from the VPC API: --from-metadata takes it from what vpcmd metadata collect wrote.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> web-3 --like web-2 --from-metadata web-2.json',
    '<%= config.bin %> <%= command.id %> web-3 --like web-2 --user-data cloud-init.yaml --hop-limit 2 --yes',
    '<%= config.bin %> <%= command.id %> web-3 --like web-2 --dry-run',
  ]
  static override args = {
    name: Args.string({required: true, description: 'The name of the new instance.'}),
  }
  static override flags = {
    ...cloudFlags,
    like: Flags.string({required: true, helpValue: 'INSTANCE', summary: 'ID, name or CRN of the other instance.'}),
    'user-data': Flags.string({helpValue: 'FILE', summary: 'User data for its first boot; - is stdin.'}),
    'from-metadata': Flags.string({
      helpValue: 'FILE',
      summary: 'User data out of what vpcmd metadata collect wrote; - is stdin.',
      exclusive: ['user-data'],
    }),
    profile: Flags.string({helpValue: 'NAME', summary: 'Another profile.'}),
    image: Flags.string({helpValue: 'ID|NAME|CRN', summary: 'Another image.'}),
    subnet: Flags.string({helpValue: 'ID|NAME|CRN', summary: 'Another subnet, which tells zone and VPC as well.'}),
    key: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'ID|NAME|CRN',
      summary: 'An SSH key in place of the other one’s; may be given again.',
    }),
    protocol: Flags.option({options: protocols, summary: 'The protocol of its metadata service.'})(),
    'hop-limit': Flags.integer({...hopLimits, helpValue: '1-64', summary: 'The hop limit of its metadata service.'}),
    'dry-run': Flags.boolean({
      summary: 'Print what would be sent, as JSON unless another format is asked for, and send nothing.',
    }),
    yes: Flags.boolean({char: 'y', summary: 'Answer yes to the question whether to go on.'}),
    wait: Flags.integer({
      min: 0,
      max: 86_400,
      default: 600,
      helpValue: 'SECONDS',
      summary: 'How long to wait until it runs; 0 does not wait.',
    }),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(InstancesCreate)
    const out = readOutput(flags)
    checkName(args.name)
    checkStdin(flags, flags['user-data'] ?? flags['from-metadata'], 'user data')
    const userData = await this.readUserData(flags)
    const cloud = await connectCloud(this.context, flags)
    const like = await findInstance(cloud, flags.like)
    const api = cloud.api(like.region)
    const {prototype, leftOut} = await planInstance(api, args.name, like, {
      profile: flags.profile,
      image: flags.image,
      subnet: flags.subnet,
      keys: flags.key,
      userData,
      protocol: flags.protocol,
      hopLimit: flags['hop-limit'],
    })
    for (const what of leftOut) this.context.note(`Not copied: ${what}.`)
    if (flags['dry-run']) {
      // What is sent has no columns.
      const format = ['table', 'csv'].includes(out.format) ? 'json' : out.format
      await printRecord(this.context, {...out, format}, {entries: [], json: prototype, id: prototype.name})
      this.context.note('Nothing was sent: this was a dry run.')
      return
    }
    if (!flags.yes) await this.show(prototype)
    if (
      !(await this.context.confirm(`Create ${args.name} in ${like.region.name}? It costs money.`, flags.yes ?? false))
    ) {
      this.context.note('Nothing was sent.')
      return
    }
    const created = await unbroken(
      this.context,
      ending => createInstance(api, prototype, ending),
      made => `Created ${targetName(made)}.`,
    )
    const made = flags.wait === 0 ? created : await waitUntilRunning(api, created, flags.wait * 1000)
    await this.printCreated(out, made, like)
    const wrong = departures(prototype, made)
    if (wrong.length === 0) return
    this.context.warning(`${targetName(made)} was made, but not as asked: ${wrong.join('; ')}.`)
    this.context.exitCode = exitCodes.failed
  }

  private async readUserData(flags: {'user-data'?: string; 'from-metadata'?: string}): Promise<string | undefined> {
    const file = flags['user-data'] ?? flags['from-metadata']
    if (file === undefined) return undefined
    const origin = inputName(file)
    const userData =
      flags['user-data'] === undefined
        ? userDataInMetadata(await readText(file, 'user data'), origin)
        : userDataIn(await readInput(file, 'user data'), origin)
    if (userData.startsWith('\uFEFF')) {
      this.context.warning(
        `The user data from ${origin} begins with a byte order mark, before which cloud-init sees no #cloud-config and no #!. Save it as UTF-8 without one.`,
      )
    }
    return userData
  }

  /** The prototype on stderr, with the size of the user data in its place. */
  private async show(prototype: InstancePrototype): Promise<void> {
    const {toYaml} = await import('../../terminal/yaml.ts')
    const {user_data: userData} = prototype
    const shown = {
      ...prototype,
      ...(userData !== undefined && {user_data: `${Buffer.byteLength(userData)} bytes`}),
    }
    for (const line of toYaml(shown).trimEnd().split('\n')) this.context.note(`  ${line}`)
  }

  private async printCreated(out: OutputOptions, instance: Instance, {region}: FoundInstance): Promise<void> {
    const row = {instance, region: region.name, floatingIps: []}
    await printRecord(this.context, out, {
      entries: instanceDetails(row, {of: () => []}),
      json: toJsonRow(row),
      id: instance.id,
    })
  }
}

// IBM/vpc-node-sdk, vpc/v1.ts: names are lower-case, with hyphens, and at most 63 characters long.
function checkName(name: string): void {
  if (/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return
  throw usageError(
    `${name === '' ? 'An empty text' : name} can't be the name of an instance.`,
    'It starts with a small letter, has small letters, digits and hyphens, and at most 63 of them.',
  )
}
