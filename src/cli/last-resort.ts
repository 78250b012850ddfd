import {exitCodes} from '../errors.ts'
import {endProcess, processHost} from './host.ts'
import {reportAsked, reportError} from './report-error.ts'

let isReporting = false

/** Reports what was thrown where nobody caught it, and ends the process with exit code 1. */
export async function reportBug(thrown: unknown, argv: string[]): Promise<void> {
  // What fails while the first one is reported must not hide it.
  if (isReporting) return
  isReporting = true
  try {
    await reportError(thrown, reportAsked(argv, processHost.secrets), processHost)
    processHost.exitCode = exitCodes.failed
    await endProcess()
  } finally {
    processHost.exit(exitCodes.failed)
  }
}
