import type {Cloud} from '../cloud/cloud.ts'
import {serverKey} from '../cloud/regions.ts'
import {counted} from '../counted.ts'
import {type InputHost, inputLimits, inputName, readText} from '../files/read-input.ts'
import {type ManagedBy, managedBy, managerInWords} from '../metadata/managed-by.ts'
import type {Outcome} from '../metadata/outcomes.ts'
import type {PlannedChange, Target} from '../metadata/plan.ts'
import type {TerraformInstance} from '../metadata/terraform-state.ts'
import type {Context} from './context.ts'
import {tagsOfTargets} from './tags-of-targets.ts'

/** What manages servers, by ID: null where nothing shows, and nothing for those of which it is not known. */
export type Managers = ReadonlyMap<string, ManagedBy | null>

/** The instances in a Terraform state, by ID. Throws a usage error for what is none. */
export async function readTerraformFile(
  host: InputHost,
  file: string,
): Promise<ReadonlyMap<string, TerraformInstance>> {
  const [{readTerraform}, text] = await Promise.all([
    import('../metadata/terraform-state.ts'),
    readText(host, file, 'Terraform state', inputLimits.plan),
  ])
  return readTerraform(text, inputName(file))
}

/** Finds what manages servers; warns where tags, which tell of Schematics, can't be read. */
export async function managersOf(
  context: Context,
  cloud: Cloud,
  servers: readonly {target: Target}[],
  terraform: ReadonlyMap<string, TerraformInstance> | undefined,
): Promise<Managers> {
  const doubt = "It is not known whether Schematics manages what is planned, as its tags can't be read."
  const tagsOf = await tagsOfTargets(context, cloud, servers, doubt)
  return new Map(
    servers.flatMap(({target}) => {
      const managed = managedBy(tagsOf(target), terraform?.get(target.id))
      return managed === undefined ? [] : [[serverKey(target), managed] as const]
    }),
  )
}

/** Outcomes, each with what manages its server. */
export function withManagers(outcomes: Outcome[], managers: Managers): Outcome[] {
  return outcomes.map(outcome => ({...outcome, managedBy: managers.get(serverKey(outcome.target))}))
}

/** Says of which changes the next apply of Terraform or Schematics takes back, or may, and of which it does not. */
export function tellManagers(
  context: Context,
  changes: readonly PlannedChange[],
  managers: Managers,
  {printsHcl}: {printsHcl: boolean},
): void {
  const groups = new Map<string, {who: string; hasBlock: ManagedBy['hasBlock']; names: string[]}>()
  for (const {target} of changes) {
    const managed = managers.get(serverKey(target))
    if (!managed) continue
    const {tool, hasBlock, address} = managed
    const who = tool === 'terraform' ? 'Terraform' : managerInWords(managed)
    const group = groups.get(`${who} ${hasBlock}`) ?? {who, hasBlock, names: []}
    group.names.push(address ?? (target.name || target.id))
    groups.set(`${who} ${hasBlock}`, group)
  }
  const block = printsHcl ? 'The block is printed.' : 'For the block, pass --hcl.'
  for (const {who, hasBlock, names} of groups.values()) {
    const its = `${who} manages ${counted(names.length, 'instance')} (${listed(names)})`
    if (hasBlock === false) {
      context.note(`${its} without a metadata_service block: no drift follows, unless a dynamic block makes one.`)
    } else if (hasBlock) {
      context.warning(`${its} with a metadata_service block: the next apply reverts the change. ${block}`)
    } else {
      const either = 'the next apply reverts the change; if not, no drift follows'
      context.warning(`${its}. If its configuration has a metadata_service block, ${either}. ${block}`)
    }
  }
}

function listed(names: string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}
