import {asVpcmdError, exitCodes, type VpcmdError} from '../errors.ts'
import type {Cloud} from './cloud.ts'

/** Whether one may do something. */
export interface Right {
  what: string
  /** Where it was tried. */
  region: string | undefined
  /** `no` only where IBM Cloud refused it. */
  allowed: 'yes' | 'no' | 'unknown'
  why: string | undefined
}

/**
 * What one may do, found out by one cheap call each, in the first of the regions or in `preferred` if it is one of them.
 * `errors` are of calls that failed otherwise than by a refusal. Throws VpcmdError, exit 3, where the token itself is refused.
 */
export async function rightsOf(
  cloud: Cloud,
  preferred: string | undefined,
): Promise<{rights: Right[]; errors: VpcmdError[]}> {
  const errors: VpcmdError[] = []
  const tried = async (what: string, region: string | undefined, call: () => Promise<unknown>): Promise<Right> => {
    try {
      await call()
      return {what, region, allowed: 'yes', why: undefined}
    } catch (thrown) {
      const error = asVpcmdError(thrown)
      if (error.status === 403) return {what, region, allowed: 'no', why: error.message}
      // Whose token is refused, or who has none, is nobody.
      if (error.exitCode === exitCodes.denied) throw error
      errors.push(error)
      return {what, region, allowed: 'unknown', why: error.message}
    }
  }
  const changing: Right = {
    what: 'change instances',
    region: undefined,
    allowed: 'unknown',
    why: 'not asked: nothing is changed to find out',
  }
  const untried: Right = {what: 'list instances', region: undefined, allowed: 'unknown', why: 'not asked: no region'}
  const [first] = cloud.askedRegions
  const usable = async () => {
    const regions = (await cloud.regions()).filter(({problem}) => problem === undefined)
    return regions.find(({name}) => name === (first ?? preferred)) ?? regions[0]
  }
  let region: Awaited<ReturnType<typeof usable>>
  const listed = await tried('list regions', undefined, async () => {
    region = await usable()
  })
  // Why no account let the trusted profile in is told of each.
  const nowhere: Right = {...untried, what: 'list regions', why: 'not asked: no account'}
  if (!region)
    return {rights: [listed.allowed === 'yes' && cloud.assumes ? nowhere : listed, untried, changing], errors}
  const api = cloud.api(region)
  const rights = await Promise.all([
    // The regions may have been kept from an earlier command.
    tried('list regions', undefined, () => api.listRegions()),
    tried('list instances', region.name, () => api.listInstances({limit: 1})),
  ])
  return {rights: [...rights, changing], errors}
}
