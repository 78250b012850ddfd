import {knownSecrets} from '../secrets.ts'
import {processHost} from './host.ts'
import {asksForJson, reportError} from './report-error.ts'

let isReporting = false

/** Reports what was thrown where nobody caught it, and ends the process with exit code 1. */
export async function reportBug(thrown: unknown): Promise<void> {
  // What fails while the first one is reported must not hide it.
  if (isReporting) return
  isReporting = true
  const argv = process.argv.slice(2)
  try {
    const options = {json: asksForJson(argv), debug: argv.includes('--debug'), secrets: knownSecrets}
    await reportError(thrown, options, processHost)
    await Promise.all([process.stdout, process.stderr].map(written))
  } finally {
    process.exit(1)
  }
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => {
    stream.write('', () => resolve())
  })
}
