import {type Routes, storedCollection} from '../core/collection.ts'
import type {SimulatedCloud} from '../core/environment.ts'
import {nameChange} from '../core/record-store.ts'
import type {BareMetalRecord} from '../core/records.ts'
import {diskBody, type WireBody} from '../core/references.ts'
import {checkUpdatable} from './instance-actions.ts'
import {serverBody} from './networking.ts'
import {readBodyAs} from './request-body.ts'

// ibm-cloud-docs/vpc bare_metal_server_profile.md: two SSDs of 960 GB as one in RAID 1, with a `d` eight more of 3200 GB,
// 100 Gbit/s. Memory in GiB.
const profiles: ReadonlyMap<string, {memory: number; hasLocalDisks: boolean}> = new Map([
  ['bx2-metal-96x384', {memory: 384, hasLocalDisks: false}],
  ['bx2d-metal-96x384', {memory: 384, hasLocalDisks: true}],
  ['mx2-metal-96x768', {memory: 768, hasLocalDisks: false}],
])

/** The API's BareMetalServer object of a record; field by field as in IBM/vpc-node-sdk vpc/v1.ts `VpcV1.BareMetalServer`. */
function bareMetalBody(record: BareMetalRecord, vpcName: string): WireBody {
  const {status} = record
  const body = serverBody(record, status, vpcName)
  const profile = profiles.get(record.profile)
  const disk = (index: number, type: string, size: number) =>
    diskBody(record, body.href, 'bare_metal_server', index, type, size)
  const boot = disk(0, 'sata', 960)
  const local = Array.from({length: profile?.hasLocalDisks ? 8 : 0}, (_, index) => disk(index + 1, 'nvme', 3200))
  return {
    ...body,
    bandwidth: 100_000,
    boot_target: {href: boot.href, id: boot.id, name: boot.name, resource_type: boot.resource_type},
    cpu: {architecture: 'amd64', core_count: 48, socket_count: 2, threads_per_core: 2},
    disks: [boot, ...local],
    enable_secure_boot: false,
    firmware: {update: 'none'},
    memory: profile?.memory ?? 384,
    metadata_service: {...record.metadata},
    reservation_affinity: {policy: 'disabled', pool: []},
    status_reasons:
      status === 'failed'
        ? [{code: 'cannot_start', message: "Can't start the server because provisioning failed."}]
        : [],
    trusted_platform_module: {enabled: false, mode: 'disabled', supported_modes: ['disabled', 'tpm_2']},
  }
}

/** `/bare_metal_servers` with the filters of IBM/vpc-node-sdk vpc/v1.ts `listBareMetalServers`. No ETags: IBM's SDK names neither ETag nor `If-Match` for them. */
export function addBareMetalServers(routes: Routes, {fleet}: SimulatedCloud): void {
  const store = fleet.bareMetalServers
  const servers = storedCollection(routes, store, {
    path: '/bare_metal_servers',
    rows: c => store.of(c.get('region').name, c.req.query('vpc.id')),
    body: server => bareMetalBody(server, fleet.vpcName(server.vpc)),
    bodyFilters: [
      ...['name', 'resource_group.id', 'vpc.crn', 'vpc.name'],
      // None here has a reservation.
      ...['reservation.crn', 'reservation.id', 'reservation.name'],
    ],
  })

  routes.patch('/bare_metal_servers/:id', async c => {
    servers.find(c)
    const {name, metadata_service: settings} = await readBodyAs(c, 'bareMetalPatch')
    const changed = await servers.update(c, current => {
      checkUpdatable(current.status)
      return {
        ...nameChange(store, current, name),
        ...(settings && {metadata: {...current.metadata, ...settings}}),
      }
    })
    return servers.answer(c, changed)
  })
}
