import {list, number, text} from './readers/fields.ts'
import type {TagKind} from './readers/tags.ts'
import {askService, type Service} from './service-call.ts'

/** As many tags of a kind as a resource can have (IBM/platform-services-node-sdk, global-tagging/v1.ts, attachTag). */
const mostTags = 1000

/**
 * The tags of one kind that are attached to a resource now; undefined where the answer has not all of them. Global Tagging
 * knows of a change before the index of Global Search does, for which IBM's Terraform provider waits up to half a minute
 * (ibm/flex/structures.go, WaitForTagsAvailable). It is strictly rate limited (ibm-cloud-docs/account,
 * tagging_resources.md). Throws VpcmdError.
 */
export async function readAttachedTags(
  service: Service,
  crn: string,
  kind: TagKind,
  account: string | undefined,
  signal?: AbortSignal,
): Promise<readonly string[] | undefined> {
  const {names, total} = await askService(service, {
    method: 'GET',
    path: '/v3/tags',
    // "When using this parameter, you must specify the appropriate provider", but not for other kinds (the same file, listTags).
    query: {
      attached_to: crn,
      tag_type: kind,
      account_id: account,
      limit: mostTags,
      providers: kind === 'user' ? 'ghost' : undefined,
    },
    doing: `read the ${kind} tags of ${crn.split(':').at(-1)} from ${service.name}`,
    signal,
    read(raw) {
      const names = list(raw, 'items', item => text(item, 'name'))
      return names && {names, total: number(raw, 'total_count')}
    },
  })
  const known = names.filter(name => name !== undefined)
  return known.length === names.length && known.length >= (total ?? 0) ? known : undefined
}
