import {mkdtempSync, readdirSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {expect, it} from 'vitest'
import {Context} from '../../src/cli/context.ts'
import {processHost} from '../../src/cli/host.ts'
import {openJournal} from '../../src/cli/run-journal.ts'
import type {Cloud} from '../../src/cloud/cloud.ts'

it('two runs that begin in the same millisecond and draw the same number get an ID each', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-test-'))
  const drawn = [0.5, 0.5, 0.5, 0.9]
  const host = {
    ...processHost,
    env: {XDG_STATE_HOME: folder},
    now: () => Date.UTC(2026, 10, 25, 16, 15, 2, 7),
    random: () => drawn.shift() ?? 0,
  }
  const context = new Context(host, '1.2.3')
  const cloud: Pick<Cloud, 'caller'> = {caller: async () => ({account: 'a1', iamId: 'iam-1'})}
  const begin = () => openJournal(context, cloud, {command: 'enable', selection: 'web-1', changes: []})
  const first = await begin()
  const second = await begin()
  expect([first.id, second.id]).toEqual(['20261125-161502-01eb', '20261125-161502-0205'])
  await first.journal.close()
  await second.journal.close()
  expect(readdirSync(join(folder, 'vpcmd', 'runs')).filter(name => name.endsWith('.jsonl'))).toEqual([
    `${first.id}.jsonl`,
    `${second.id}.jsonl`,
  ])
})
