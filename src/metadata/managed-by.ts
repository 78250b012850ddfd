import type {Tags} from '../cloud/readers/tags.ts'
import type {TerraformInstance} from './terraform-state.ts'

/** What manages an instance, so that it may take a change back. */
export interface ManagedBy {
  tool: 'schematics' | 'terraform'
  /** The ID of the Schematics workspace, and of the project, as far as tags tell them. */
  workspace?: string | undefined
  project?: string | undefined
  /** The address of the resource, as far as a state tells it. */
  address?: string | undefined
  /** Whether its configuration sets the metadata service: then the next apply takes a change back. */
  hasBlock?: boolean | undefined
}

/**
 * What manages an instance, by its tags and by Terraform's own state. Null where both say that nothing does, though Terraform
 * alone leaves no mark; undefined where its tags are unknown. Schematics tags what it makes: `schematics:WORKSPACE` by a user
 * (ibm-cloud-docs/schematics, sc-drift.md), `schematics::project_id:ID` by the service of projects
 * (ibm-cloud-docs/cli, projects-cli.md).
 */
export function managedBy(
  tags: Tags | undefined,
  terraform: TerraformInstance | undefined,
): ManagedBy | null | undefined {
  const workspace = capturedIn(tags?.user, /^schematics:([^:].*)$/i)
  const project = capturedIn(tags?.service, /^schematics::project_id:(.+)$/i)
  if (workspace ?? project) return {tool: 'schematics', workspace, project, ...terraform}
  if (terraform) return {tool: 'terraform', ...terraform}
  return tags?.user && tags.service ? null : undefined
}

function capturedIn(tags: readonly string[] = [], pattern: RegExp): string | undefined {
  return tags.map(tag => pattern.exec(tag)?.[1]).find(found => found !== undefined)
}

/** What manages an instance, in words, without the instance. */
export function managerInWords({tool, workspace, project, address}: ManagedBy): string {
  if (tool === 'terraform') return `Terraform (${address})`
  return workspace === undefined ? `Schematics project ${project}` : `Schematics workspace ${workspace}`
}

export function toJsonManagedBy(managed: ManagedBy | null): object | null {
  if (!managed) return null
  const {tool, workspace = null, project = null, address = null, hasBlock = null} = managed
  return {tool, workspace, project, address, has_block: hasBlock}
}
