import {asVpcmdError, exitCodes, type VpcmdError} from '../errors.ts'
import type {Cloud} from './cloud.ts'
import type {Region} from './regions.ts'

/** Whether one may do something. */
export interface Right {
  what: string
  /** Where it was tried, if anywhere. */
  region?: string | undefined
  /** `no` only where IBM Cloud refused it. */
  allowed: 'yes' | 'no' | 'unknown'
  why?: string
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
      return {what, region, allowed: 'yes'}
    } catch (thrown) {
      const error = asVpcmdError(thrown)
      if (error.status === 403) return {what, region, allowed: 'no', why: error.message}
      // Whose token is refused, or who has none, is nobody.
      if (error.exitCode === exitCodes.denied) throw error
      errors.push(error)
      return {what, region, allowed: 'unknown', why: error.message}
    }
  }
  const untold = (what: string, why: string): Right => ({what, allowed: 'unknown', why})
  const changing = untold('change instances', 'not tested, as that would change something')
  const [first] = cloud.askedRegions
  let regions: Region[] = []
  const listed = await tried('list regions', undefined, async () => {
    regions = await cloud.regions()
  })
  const usable = regions.filter(({problem}) => problem === undefined)
  const region = usable.find(({name}) => name === (first ?? preferred)) ?? usable[0]
  if (!region) {
    // Where nobody is let into any account, no regions were listed.
    const isListed = regions.length === 0 || regions.some(({name}) => name !== '')
    const regionsRight = isListed ? listed : untold('list regions', 'not asked: no account')
    return {rights: [regionsRight, untold('list instances', 'not asked: no region'), changing], errors}
  }
  const api = cloud.api(region)
  const rights = await Promise.all([
    // The regions may have been kept from an earlier command.
    tried('list regions', undefined, () => api.listRegions()),
    tried('list instances', region.name, () => api.listInstances({limit: 1})),
  ])
  return {rights: [...rights, changing], errors}
}
