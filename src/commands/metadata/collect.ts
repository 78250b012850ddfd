import {Flags} from '@oclif/core'
import {BaseCommand} from '../../cli/base-command.ts'
import {connectCloud} from '../../cli/connect-cloud.ts'
import type {Context} from '../../cli/context.ts'
import {printEnding, restartNeeded} from '../../cli/ending.ts'
import {readChange} from '../../cli/flags/change.ts'
import {cloudFlags} from '../../cli/flags/cloud.ts'
import {listFlag} from '../../cli/flags/declare.ts'
import type {OutputOptions} from '../../cli/flags/output.ts'
import {instanceArgs, readSelection, selectionFlags} from '../../cli/flags/selection.ts'
import {readWishes, sshFlags} from '../../cli/flags/ssh.ts'
import {runRollout} from '../../cli/make-changes.ts'
import {printRows} from '../../cli/output.ts'
import {reportFailures} from '../../cli/report-failures.ts'
import {runName} from '../../cli/run-journal.ts'
import {type Selected, type Selection, selectInstances} from '../../cli/select-instances.ts'
import type {Cloud} from '../../cloud/cloud.ts'
import {retryPolicy} from '../../cloud/retry-policy.ts'
import {counted} from '../../counted.ts'
import {VpcmdError} from '../../errors.ts'
import {fullPath} from '../../files/file-trouble.ts'
import {parseEndpoint, parseMetadataPath} from '../../imds/endpoints.ts'
import {initializationPath} from '../../instances/user-data.ts'
import {collectMetadata, type Reached, reachInstances, userDataOf} from '../../metadata/collect-metadata.ts'
import {type Kept, type KeptDocument, keepCollected} from '../../metadata/collected-files.ts'
import {isAsWished} from '../../metadata/outcomes.ts'
import {asCandidate, changesIn, draftPlan} from '../../metadata/plan.ts'
import {checkWishes} from '../../ssh/reach.ts'
import {checkSsh} from '../../ssh/run-ssh.ts'
import {unusedOnSandbox} from '../../ssh/sandbox-ssh.ts'
import {chooseThen} from '../../terminal/steps.ts'

export default class MetadataCollect extends BaseCommand {
  static override summary = 'Collect metadata from instances over ssh, without installing anything on them.'
  static override description =
    `vpcmd checks that the service is on, logs in as vpcmd connect does, and runs a script that needs only a shell and curl. It prints the metadata as JSON. With --out it writes a JSON file for each instance, and another for its user data. vpcmd instances create --from-metadata takes these files.

Passwords and license keys are masked. User data is not masked: any process on the instance can read it too.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-virtual-server-2',
    '<%= config.bin %> <%= command.id %> web-1 web-2 --out collected --enable',
    '<%= config.bin %> <%= command.id %> my-virtual-server-2 --path keys --path instance/volume_attachments',
  ]
  // What was collected fits into no cell.
  static override printsTable = false
  static override args = instanceArgs
  static override flags = {
    ...cloudFlags,
    ...sshFlags,
    path: listFlag({
      helpValue: 'PATH',
      summary: `Path of the metadata API to read. Repeat it for more (default: instance and ${initializationPath}).`,
    }),
    out: Flags.string({helpValue: 'DIR', summary: 'Write files to this folder, readable only by you.'}),
    enable: Flags.boolean({summary: 'Enable the service where it is off, without asking.'}),
    'show-secrets': Flags.boolean({summary: 'Show passwords and license keys.'}),
    endpoint: Flags.string({
      helpValue: 'URL',
      summary: 'URL of the metadata service on the instances. By default vpcmd finds it.',
    }),
    ...selectionFlags,
  }

  async run(): Promise<void> {
    const {args, flags, out} = await this.parse(MetadataCollect)
    const {context} = this
    const wishes = readWishes(flags)
    const paths = flags.path?.map(parseMetadataPath) ?? ['instance', initializationPath]
    const endpoint = flags.endpoint === undefined ? undefined : parseEndpoint(flags.endpoint)
    if (flags.out !== undefined) fullPath(flags.out)
    await checkWishes(wishes, context.env)
    const selection = readSelection(flags, args.instance)
    const cloud = await connectCloud(context, flags)
    const question = 'Collect the metadata of which instances?'
    const collectFrom = async (items: Selection<Selected>['items']) => {
      const errors = items.flatMap(item => ('error' in item ? [item.error] : []))
      const found = items.flatMap(item => ('error' in item ? [] : [item]))
      // Before anything is changed: what can't be logged in to is left as it is.
      const {reached, errors: unreached} = await reachInstances(cloud, found, {wishes, env: context.env})
      const unused = reached.some(({sandbox}) => sandbox) ? unusedOnSandbox(wishes) : undefined
      if (unused !== undefined) context.note(unused)
      const {on, off} = await switchOn(context, cloud, flags.enable ?? false, reached)
      const mayAsk = on.length === 1 && context.host.stdin.isTTY === true
      let done = 0
      context.show(() => ({verb: `Collecting from ${counted(on.length, 'instance')}`, facts: [`${done} done`]}))
      const collect = () =>
        collectMetadata(on, {
          wishes,
          paths: [...new Set(paths)],
          endpoint,
          mayAsk,
          onDone: () => done++,
          timeoutMs: Math.max(retryPolicy.collect.leastTimeoutMs, flags.timeout * 1000),
          env: context.env,
          now: context.host.now,
        })
      // ssh itself asks on the terminal.
      const collections = await (mayAsk ? context.undisturbed(collect) : collect())
      const kept = await keepCollected(collections, flags.out, flags['show-secrets'] ?? false, context.env)
      const failures = [...errors, ...unreached, ...off, ...kept.flatMap(({error}) => error ?? [])]
      const [only] = failures
      if (only && items.length === 1) throw only
      reportFailures(context, failures, items.length)
      await printCollected(context, out, kept, flags.out !== undefined)
    }
    const picker = {question}
    const choose = async () => {
      const {items, how} = await selectInstances(context, cloud, selection, picker, found => found)
      return {chosen: items, hasAsked: how === 'picked'}
    }
    await chooseThen(this.context, choose, collectFrom)
  }
}

/** Turns the service on where it is off and the user says so. Those where it stays off come with the reason. */
async function switchOn(
  context: Context,
  cloud: Cloud,
  isEnabling: boolean,
  found: Reached<Selected>[],
): Promise<{on: Reached<Selected>[]; off: VpcmdError[]}> {
  const drafts = draftPlan(
    found.map(each => asCandidate(each, each.readAt)),
    {enabled: true},
  )
  const changes = changesIn(drafts)
  const unknown = drafts.flatMap(draft => ('error' in draft ? [{id: draft.target?.id ?? '', error: draft.error}] : []))
  if (changes.length === 0 && unknown.length === 0) return {on: found, off: []}
  const names = changes.map(({target}) => target.name).join(', ')
  const prompter = isEnabling ? undefined : await context.prompter()
  const isWanted =
    changes.length > 0 &&
    (isEnabling || (await prompter?.confirm({message: `The metadata service of ${names} is off. Enable it?`})))
  if (isWanted) await checkSsh(context.env)
  const run = isWanted
    ? await runRollout(context, cloud, readChange({}), {command: 'enable', selection: names, changes, isFresh: true})
    : undefined
  const stillOff = changes.flatMap(({target}, index) => {
    const settled = run?.settled[index]
    if (settled && isAsWished(settled)) return []
    return [{id: target.id, error: settled?.error ?? isOff(target)}]
  })
  const off = [...unknown, ...stillOff]
  const isLeft = (id: string) => off.some(each => each.id === id)
  const switched = changes.flatMap(({target}) => {
    const asked = found.find(({instance}) => instance.id === target.id)?.asked ?? target.id
    return isLeft(target.id) ? [] : [{asked, id: target.id, name: target.name}]
  })
  if (run && switched.length > 0) {
    const id = await runName(context, run.id)
    const {lines, next} = restartNeeded(cloud, switched, id)
    const text = `Enabled the metadata service of ${switched.map(({name}) => name).join(', ')}`
    printEnding(context, {lines: [{mark: 'done', text}, ...lines], next: [...next, ['undo', ['metadata', 'undo', id]]]})
  }
  return {on: found.filter(({instance}) => !isLeft(instance.id)), off: off.map(({error}) => error)}
}

async function printCollected(context: Context, out: OutputOptions, kept: Kept[], isWritten: boolean): Promise<void> {
  const rows = kept.flatMap(each => (each.error ? [] : [each]))
  const id = ({json}: KeptDocument) => json.id
  const columns = [
    {header: 'Name', value: ({json}: KeptDocument) => json.name ?? ''},
    {header: 'ID', value: id},
    {header: 'User data', value: ({document}: KeptDocument) => sizeOf(userDataOf(document))},
    {header: 'File', value: ({files}: KeptDocument) => files?.file ?? ''},
    {header: 'User data file', value: ({files}: KeptDocument) => files?.userDataFile ?? ''},
  ]
  const toJson = ({json: {id, name, region, ...collected}, files}: KeptDocument) =>
    files
      ? {id, name, region, file: files.file, user_data_file: files.userDataFile ?? null}
      : {id, name, region, ...collected}
  // Without files the JSON itself is what was asked for.
  const isShown = !isWritten && out.format === 'table' && !out.quiet
  await printRows(context, isShown ? {...out, format: 'json'} : out, {rows, columns, toJson, id})
}

function sizeOf(userData: string | null | undefined): string {
  return typeof userData !== 'string' ? '' : `${Buffer.byteLength(userData)} bytes`
}

function isOff({id, name}: {id: string; name: string}): VpcmdError {
  return new VpcmdError({
    code: 'metadata_off',
    message: `The metadata service of ${name} (${id}) is off.`,
    hint: 'Pass --enable to enable it first.',
  })
}
