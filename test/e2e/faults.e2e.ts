import {afterEach, beforeEach, expect, it} from 'vitest'
import {type Fault, type Sandbox, type SeenRequest, startSandbox} from '../../src/sandbox/index.ts'
import {freshEnvironment, runVpcmd} from '../support/run-vpcmd.ts'

const size = 1000
const changing = 'metadata enable --all --protocol https --hop-limit 2 --yes --json'.split(' ')

let sandbox: Sandbox
let etags: Map<string, string>
let effective: Map<string, number>
let idle: string[]
let requests: number
/** Those that were refused or had no answer; what was cut off looks well from here. */
let met: number

beforeEach(async () => {
  effective = new Map()
  idle = []
  met = 0
  requests = 0
  sandbox = await startSandbox({
    instances: size,
    vpcs: 8,
    regions: ['us-south', 'eu-de', 'jp-tok', 'br-sao'],
    onRequest: see,
  })
  etags = new Map(sandbox.fleet.list().map(({id, etag}) => [id, etag]))
})

afterEach(() => sandbox.close())

function see({method, path, status}: SeenRequest): void {
  if (status === undefined || status >= 400) met++
  requests++
  const id = /\/instances\/([^/?]+)/.exec(path)?.[1]
  if (id === undefined || method !== 'PATCH') return
  const etag = sandbox.fleet.get(id)?.etag ?? ''
  if (etag !== etags.get(id)) effective.set(id, (effective.get(id) ?? 0) + 1)
  else if (status !== undefined && status < 300) idle.push(id)
  etags.set(id, etag)
}

const share = (kind: Fault['kind'], part: number): Fault => ({kind, share: part, retryAfter: '0'})
const kinds = ['401', '429', '500', '502', '503', '504', 'reset', 'cut', 'hang'] as const

it.each<[string, Fault[]]>([
  ...kinds.map((kind): [string, Fault[]] => [`${kind} at 5 %`, [share(kind, 0.05)]]),
  // Not quite the same share for each: otherwise they would all be due at the same requests, and the first would win.
  ['all of them at about 1 % each', kinds.map((kind, index) => share(kind, 0.01 + index * 0.0007))],
])(`a rollout of ${size} under %s: none failed, none doubled, all as asked`, async (_what, faults) => {
  const isWanted = ({metadata_service: settings}: {metadata_service: object}) =>
    JSON.stringify(settings) === JSON.stringify({enabled: true, protocol: 'https', response_hop_limit: 2})
  const needed = sandbox.fleet.list().filter(each => !isWanted(each))
  sandbox.faults.push(...faults)
  const env = freshEnvironment(sandbox.environment)
  const {code, stdout} = await runVpcmd([...changing, '--timeout', '2'], {env})
  const {changed, unchanged, failed, conflict, skipped} = JSON.parse(stdout)
  expect({failed, conflict, skipped, code}).toEqual({failed: [], conflict: undefined, skipped: undefined, code: 0})
  expect({changed: changed.length, unchanged: unchanged.length}).toEqual({
    changed: needed.length,
    unchanged: size - needed.length,
  })
  expect(sandbox.fleet.list().filter(each => !isWanted(each))).toEqual([])
  expect([...effective].filter(([, times]) => times !== 1)).toEqual([])
  expect([...effective.keys()].sort()).toEqual(needed.map(({id}) => id).sort())
  expect(idle).toEqual([])
  // A share is kept exactly, so that so many of them came to grief.
  expect(requests).toBeGreaterThan(needed.length)
  if (faults.some(({kind}) => kind !== 'cut')) expect(met).toBeGreaterThan(size / 25)
  // What the journal knows is what was seen.
  const [run] = JSON.parse((await runVpcmd(['metadata', 'history', '--json'], {env})).stdout)
  expect(run).toMatchObject({state: 'done', counts: {changed: needed.length, failed: 0, skipped: 0}})
})
