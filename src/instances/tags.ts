import type {Cloud} from '../cloud/cloud.ts'
import {type Instance, withFields} from '../cloud/readers/instance.ts'
import type {Tags} from '../cloud/readers/tags.ts'
import type {Region} from '../cloud/regions.ts'
import {asVpcmdError, type VpcmdError} from '../errors.ts'
import {matchesGlob} from './globs.ts'

/** What is known to have no tags: instance templates, of whose creation IBM's documentation tells none. */
export const noTags: Tags = {user: [], access: [], service: []}

/** All tags that are known, of users, for access and of services. */
export function tagList({user = [], access = [], service = []}: Partial<Tags>): string[] {
  return [...user, ...access, ...service]
}

/**
 * Whether there is a tag that fits a pattern, of any kind; undefined where a kind is unknown that may have it. Tags are the
 * same in capitals and small letters (ibm-cloud-docs/account, tagging_resources.md).
 */
export function hasTag(tags: Tags | undefined, pattern: string): boolean | undefined {
  if (!tags) return undefined
  const wanted = pattern.toLowerCase()
  if (tagList(tags).some(tag => matchesGlob(wanted, tag.toLowerCase()))) return true
  return tags.user && tags.access && tags.service ? false : undefined
}

/** The tags as JSON has them, by their names in Global Search; null for what is unknown. */
export function toJsonTags(tags: Tags | undefined): object {
  const {user = null, access = null, service = null} = tags ?? {}
  return {tags: user, access_tags: access, service_tags: service}
}

/** Instances with their tags, in their order; those whose tags can't be read as they are, and why. */
export async function withTags<Each extends {instance: Instance; where: Region}>(
  cloud: Cloud,
  found: readonly Each[],
): Promise<{tagged: Each[]; errors: VpcmdError[]}> {
  const errors = new Set<VpcmdError>()
  const tagged = await Promise.all(
    found.map(async each => {
      try {
        const index = await cloud.tags(each.where)
        return {...each, instance: withFields(each.instance, {tags: index.get(each.instance.id)})}
      } catch (error) {
        errors.add(asVpcmdError(error))
        return each
      }
    }),
  )
  return {tagged, errors: [...errors]}
}
