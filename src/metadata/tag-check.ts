import type {Cloud} from '../cloud/cloud.ts'
import {fieldsOfCrn} from '../cloud/crn.ts'
import {type Tags, tagKinds, unknownTags} from '../cloud/readers/tags.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import {targetName} from '../instances/references.ts'
import {hasTag} from '../instances/tags.ts'
import type {Settled} from './outcomes.ts'
import type {Chosen, Target} from './plan.ts'

/** Why a server is left alone that was chosen by its tags. */
interface Objection {
  result: 'conflict' | 'failed'
  /** Goes after `it is left alone: `. */
  reason: string
  error: VpcmdError
}

/** How a change ends whose server no longer has the tags by which it was chosen, or may not; undefined where it may go on. */
export async function checkTags(cloud: Cloud, chosen: Chosen, ended?: AbortSignal): Promise<Settled | undefined> {
  const objection = await objectionTo(cloud, chosen, ended)
  return objection && {result: objection.result, error: objection.error}
}

/** What speaks against going on with a server, as a look tells; undefined where it still has its tags, or was not chosen by any. */
export async function objectionTo(
  cloud: Cloud,
  {target, tags}: Chosen,
  ended?: AbortSignal,
): Promise<Objection | undefined> {
  if (!tags) return undefined
  const against = (result: Objection['result'], code: string, reason: string, hint: string): Objection => {
    const message = `${targetName(target)} is left alone: ${reason}.`
    return {result, reason, error: new VpcmdError({code, message, hint})}
  }
  try {
    const now = await lookForTags(cloud, target, tags, ended)
    const gone = tags.find(tag => hasTag(now, tag) === false)
    if (gone !== undefined) {
      const reason = `it no longer has the tag ${gone}, by which it was chosen`
      return against('conflict', 'tag_gone', reason, 'Name the instance to go on with it all the same.')
    }
    const unknown = tags.find(tag => hasTag(now, tag) === undefined)
    if (unknown === undefined) return undefined
    const reason = `Global Tagging does not tell whether it still has the tag ${unknown}`
    return against('failed', 'tags_unknown', reason, 'Try again in a while.')
  } catch (thrown) {
    const error = asVpcmdError(thrown)
    const reason = `it is not known whether it still has its tags: ${error.message.replace(/\.$/, '')}`
    const message = `${targetName(target)} is left alone: ${reason}.`
    return {result: 'failed', reason, error: error.reworded({message})}
  }
}

/** The tags of a server, kind after kind, until all that are wanted were seen: most are of users, and the service is slow. */
async function lookForTags(
  cloud: Cloud,
  target: Target,
  wanted: readonly string[],
  ended: AbortSignal | undefined,
): Promise<Tags> {
  // Global Tagging knows servers by their CRN alone, which must be this one's own.
  const {crn, id} = target
  if (fieldsOfCrn(crn).id !== id) return unknownTags
  const region = await cloud.region(target)
  let tags = unknownTags
  for (const kind of tagKinds) {
    tags = {...tags, [kind]: await cloud.attachedTags(region, crn, kind, ended)}
    if (wanted.every(tag => hasTag(tags, tag))) break
  }
  return tags
}
