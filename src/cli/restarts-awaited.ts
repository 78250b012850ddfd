import type {Cloud} from '../cloud/cloud.ts'
import {VpcmdError} from '../errors.ts'
import type {Context} from './context.ts'
import {runsFolder} from './state-folder.ts'

/**
 * Since when instances of the account await a stop and start, by ID, as far as vpcmd's journals know, with a warning for
 * each that can't be read or is damaged; undefined where none can. Nothing is asked of the cloud where there are none.
 */
export async function restartsAwaited(
  context: Context,
  cloud: Cloud,
): Promise<ReadonlyMap<string, string> | undefined> {
  const [{describeDamage}, {readRestartsAwaited}] = await Promise.all([
    import('../metadata/runs.ts'),
    import('../metadata/run-folder.ts'),
  ])
  const notKnown = "vpcmd can't tell which instances await a restart"
  try {
    const folder = runsFolder(context.env)
    const accountOf = async () => (await cloud.caller()).account
    return await readRestartsAwaited(folder, accountOf, problem => {
      const what =
        problem instanceof VpcmdError ? problem.message : `Run ${problem.header.id}: ${describeDamage(problem)}.`
      context.warning(`${notKnown}: ${what}`)
    })
  } catch (error) {
    if (!(error instanceof VpcmdError)) throw error
    // A token that tells no account has no journal; what else is wrong with it, the instances themselves will tell.
    if (['journal_unreadable', 'state_not_private'].includes(error.code)) {
      context.warning(`${notKnown}: ${error.inOneLine}`)
    }
    return undefined
  }
}
