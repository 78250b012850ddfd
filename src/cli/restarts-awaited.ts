import type {Cloud} from '../cloud/cloud.ts'
import {serverKey} from '../cloud/regions.ts'
import {VpcmdError} from '../errors.ts'
import type {Context} from './context.ts'
import {runsFolder} from './state-folder.ts'

/** Since when an instance awaits a stop and start, in ISO 8601; undefined where it awaits none. `account`: its ID, where it is known. */
export type RestartsAwaited = (instance: {id: string; account?: string | undefined}) => string | undefined

/**
 * Which instances await a stop and start, as far as vpcmd's journals know, with a warning for each that can't be read or is
 * damaged; undefined where none can. Nothing is asked of the cloud where there are none.
 */
export async function restartsAwaited(context: Context, cloud: Cloud): Promise<RestartsAwaited | undefined> {
  const [{describeDamage}, {readRestartsAwaited}] = await Promise.all([
    import('../metadata/runs.ts'),
    import('../metadata/run-folder.ts'),
  ])
  const notKnown = "vpcmd can't tell which instances await a restart"
  try {
    const folder = runsFolder(context.env)
    let own: string | undefined
    const accountOf = async () => {
      own = (await cloud.caller()).account
      return own
    }
    const awaited = await readRestartsAwaited(folder, accountOf, problem => {
      const what =
        problem instanceof VpcmdError ? problem.message : `Run ${problem.header.id}: ${describeDamage(problem)}.`
      context.warning(`${notKnown}: ${what}`)
    })
    return ({id, account}) => awaited.get(serverKey({id, account: account === own ? undefined : account}))
  } catch (error) {
    if (!(error instanceof VpcmdError)) throw error
    // A token that tells no account has no journal; what else is wrong with it, the instances themselves will tell.
    if (['journal_unreadable', 'state_not_private'].includes(error.code)) {
      context.warning(`${notKnown}: ${error.inOneLine}`)
    }
    return undefined
  }
}
