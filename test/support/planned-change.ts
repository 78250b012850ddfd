import type {RunHeader} from '../../src/metadata/journal.ts'
import type {PlannedChange} from '../../src/metadata/plan.ts'
import type {Sandbox} from '../../src/sandbox/index.ts'

/** A change as a plan holds it, of an instance that no cloud has. */
export function plannedChange(index: number, more: Partial<PlannedChange> = {}): PlannedChange {
  const id = `0717_00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`
  return {
    target: {
      kind: 'instance',
      id,
      name: `web-${index}`,
      crn: `crn:v1:bluemix:public:is:us-south-1:a/a1234567::instance:${id}`,
      region: 'us-south',
      zone: 'us-south-1',
      vpc: {id: 'r006-1', name: 'vpc-1'},
      status: 'running',
    },
    before: {enabled: false, protocol: 'http', response_hop_limit: 1},
    readAt: 1_764_087_302_123,
    set: {enabled: true, protocol: 'https'},
    ...more,
  }
}

/** What a journal says of the run that makes these changes. */
export function headerOf(id: string, changes: readonly PlannedChange[], more: Partial<RunHeader> = {}): RunHeader {
  return {
    id,
    command: 'enable',
    account: 'a1234567',
    iamId: 'IBMid-1',
    vpcmd: '0.1.0',
    startedAt: '2026-11-25T16:15:02.000Z',
    selection: '--all',
    count: changes.length,
    ...more,
  }
}

/** Changes of instances of a sandbox, read just now; without `ids` of all that it has. */
export function changesOf(sandbox: Sandbox, set: PlannedChange['set'], ids?: string[]): PlannedChange[] {
  const all = sandbox.fleet.list()
  const chosen = ids ? ids.flatMap(id => all.filter(each => each.id === id)) : all
  return chosen.map(({id, name, region, zone, vpc, status, metadata_service}) => ({
    target: {kind: 'instance', id, name, crn: `crn:${id}`, region, zone, vpc: {id: vpc, name: vpc}, status},
    before: {...metadata_service},
    readAt: Date.now(),
    set,
  }))
}
