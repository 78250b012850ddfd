import {globalAgent as httpAgent} from 'node:http'
import {globalAgent as httpsAgent} from 'node:https'
import {openFileLimit} from '../files/open-file-limit.ts'

/** So many open files are more than any command takes: 64 connections to each of a dozen regions. */
const plenty = 1024

/** What Node itself, modules and journals take. */
const others = 48

/**
 * Sees that requests wait for one another where the process may open few files: one that finds no room would fail.
 * `perConnection` is how many files one takes, which is 2 where the server is in this process.
 */
export function limitConnections(perConnection: 1 | 2): void {
  const limit = openFileLimit(plenty)
  if (limit >= plenty) return
  const most = Math.max(1, Math.floor((limit - others) / perConnection))
  for (const agent of [httpAgent, httpsAgent]) agent.maxTotalSockets = most
}
