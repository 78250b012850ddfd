import {placeName} from '../cloud/regions.ts'
import {exitCodes, type VpcmdError} from '../errors.ts'
import {allFailed} from '../instances/all-failed.ts'
import type {RegionFailure} from '../instances/list-instances.ts'
import type {Context} from './context.ts'

/**
 * Tells on stderr why single instances failed, and sets the exit code: the errors' own where all of `count` failed in
 * the same way, else 1.
 */
export function reportFailures(context: Context, errors: VpcmdError[], count: number): void {
  const [first] = errors
  if (!first) return
  for (const error of errors) context.error(error)
  const isOneReason = errors.length === count && errors.every(({exitCode}) => exitCode === first.exitCode)
  context.exitCode = isOneReason ? first.exitCode : exitCodes.failed
}

/** Reports a question that nobody answered once what a run came to is printed; of an interruption, that says enough. */
export function reportUnanswered(context: Context, unanswered: VpcmdError | undefined): void {
  if (!unanswered || unanswered.exitCode === exitCodes.interrupted) return
  context.error(unanswered)
  context.exitCode = unanswered.exitCode
}

/** That no instance was found, and no more than is known. */
export function noneFound(failures: RegionFailure[]): string {
  return failures.length > 0 ? 'No instances found in what could be read.' : 'No instances found.'
}

/** So many failures are printed in full, more than an account has regions; the rest are only named. */
const mostWarnings = 15

/**
 * Tells on stderr which regions could not be read, and makes the exit code 1. Where no region could be read at all,
 * throws the first error in their place.
 */
export function reportRegions(context: Context, failures: RegionFailure[], isRead: boolean): void {
  const [first] = failures
  if (!first) return
  if (!isRead) throw allFailed(first, failures)
  // What holds for all regions, such as a search, fails once.
  const told = [...new Map(failures.map(failure => [failure.error, failure])).values()]
  for (const {error} of told.slice(0, mostWarnings)) context.warning(error.inOneLine)
  const others = new Set(told.slice(mostWarnings).map(({region}) => placeName(region)))
  if (others.size > 0) {
    const named = [...others].slice(0, mostWarnings).join(', ')
    const more = others.size > mostWarnings ? ` and ${others.size - mostWarnings} more` : ''
    context.warning(`These could not be read, either: ${named}${more}.`)
  }
  context.exitCode = exitCodes.failed
}
