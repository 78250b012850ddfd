import {mkdtempSync, rmSync} from 'node:fs'
import type {AddressInfo, Server} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {onTestFinished} from 'vitest'

// What a test opens, or a `beforeEach` for it, is closed when it has ended.

/** Has something closed then. */
export function untilTestEnds<Opened extends {close(): unknown}>(opened: Opened): Opened {
  onTestFinished(async () => {
    await opened.close()
  })
  return opened
}

/** Has a server listen on a free port of this machine until then, and gives its URL. */
export async function listening(server: Server & {closeAllConnections?(): void}): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections?.()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An empty folder that is there until then. */
export function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-test-'))
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}))
  return folder
}
