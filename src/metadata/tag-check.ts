import type {Cloud} from '../cloud/cloud.ts'
import {retryPolicy} from '../cloud/retry-policy.ts'
import {asVpcmdError, VpcmdError} from '../errors.ts'
import {targetName} from '../instances/references.ts'
import {hasTag} from '../instances/tags.ts'
import type {Settled} from './outcomes.ts'
import type {Target} from './plan.ts'

/** A server, and the tags by which it was chosen, if so. */
interface Chosen {
  target: Target
  tags?: readonly string[] | undefined
}

/** Why a server is left alone that was chosen by its tags. */
interface Objection {
  result: 'conflict' | 'failed'
  /** Goes after `it is left alone: `. */
  reason: string
  error: VpcmdError
}

/**
 * Looks anew whether servers still have the tags by which they were chosen. IBM's documentation prefers Global Search to
 * asking Global Tagging for each server, which is strictly rate limited (ibm-cloud-docs/account, tagging_resources.md); so
 * one search serves all servers whose turn comes within half a minute. No search from before `startedAt` counts (epoch
 * milliseconds, as `now` gives them).
 */
export class TagCheck {
  readonly #cloud: Cloud
  readonly #now: () => number
  readonly #startedAt: number

  constructor(cloud: Cloud, now: () => number) {
    this.#cloud = cloud
    this.#now = now
    this.#startedAt = now()
  }

  /** How a change ends whose server no longer has one of its tags, or may not; undefined where it may go on. */
  async settled(chosen: Chosen): Promise<Settled | undefined> {
    const objection = await this.objection(chosen)
    return objection && {result: objection.result, error: objection.error}
  }

  /** What speaks against going on with a server; undefined where it still has its tags, or was not chosen by any. */
  async objection({target, tags}: Chosen): Promise<Objection | undefined> {
    if (!tags) return undefined
    const {kind, id, region} = target
    const since = Math.max(this.#startedAt, this.#now() - retryPolicy.freshForMs)
    const against = (result: Objection['result'], code: string, reason: string, hint: string): Objection => {
      const message = `${targetName(target)} is left alone: ${reason}.`
      return {result, reason, error: new VpcmdError({code, message, hint})}
    }
    try {
      const index = await this.#cloud.tags(await this.#cloud.region(region), {kind, since})
      const has = (tag: string) => hasTag(index.get(id), tag)
      const gone = tags.find(tag => has(tag) === false)
      if (gone !== undefined) {
        const reason = `it no longer has the tag ${gone}, by which it was chosen`
        return against('conflict', 'tag_gone', reason, 'Name the instance to go on with it all the same.')
      }
      const unknown = tags.find(tag => has(tag) === undefined)
      if (unknown === undefined) return undefined
      const reason = `Global Search does not tell whether it still has the tag ${unknown}`
      return against('failed', 'tags_unknown', reason, 'Try again in a while.')
    } catch (thrown) {
      const error = asVpcmdError(thrown)
      const reason = `it is not known whether it still has its tags: ${error.message.replace(/\.$/, '')}`
      return {
        result: 'failed',
        reason,
        error: error.reworded({message: `${targetName(target)} is left alone: ${reason}.`}),
      }
    }
  }
}
