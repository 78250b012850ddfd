import {placeName} from '../cloud/regions.ts'
import type {VpcmdError} from '../errors.ts'
import type {RegionFailure} from './list-instances.ts'

/** So many names are read; of more, the number says enough. */
const mostNamed = 10

/** The error of the first region that failed, with the names of the others, for where no region could be read. */
export function allFailed(first: RegionFailure, failures: readonly RegionFailure[]): VpcmdError {
  const {region, error} = first
  const failed = failures.filter(each => each.error !== error)
  const places = new Set(failed.map(each => placeName(each.region)))
  places.delete(placeName(region))
  if (places.size === 0) return error
  const named = [...places].slice(0, mostNamed).join(', ')
  const more = places.size > mostNamed ? ` and ${places.size - mostNamed} more` : ''
  return error.reworded({message: `${error.message} Also failed: ${named}${more}.`})
}
