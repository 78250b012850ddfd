import {collection, type Routes} from '../core/collection.ts'
import type {WireBody} from '../core/references.ts'

/** What a profile gives an instance. Bandwidths in Mbit/s, memory in GiB, disk sizes in GB. */
export interface Profile {
  vcpus: number
  memory: number
  bandwidth: number
  architecture: 'amd64' | 's390x'
  manufacturer: 'amd' | 'ibm' | 'intel'
  disks: readonly number[]
  gpu?: {count: number; manufacturer: 'nvidia'; memory: number; model: string}
}

const plain = {architecture: 'amd64', manufacturer: 'intel', disks: []} as const

// Numbers as ibm-cloud-docs/vpc prints them (vsi_is_create_instance.md and its pages of profiles); the disks and the
// bandwidth of the H100 profile are a guess.
const profiles = {
  'bx2-2x8': {...plain, vcpus: 2, memory: 8, bandwidth: 4000},
  'bx2-4x16': {...plain, vcpus: 4, memory: 16, bandwidth: 8000},
  'bx2a-4x16': {...plain, manufacturer: 'amd', vcpus: 4, memory: 16, bandwidth: 4000},
  'bx2d-4x16': {...plain, disks: [150], vcpus: 4, memory: 16, bandwidth: 8000},
  'bz2-2x8': {...plain, architecture: 's390x', manufacturer: 'ibm', vcpus: 2, memory: 8, bandwidth: 4000},
  'cx2-2x4': {...plain, vcpus: 2, memory: 4, bandwidth: 4000},
  'gx3d-160x1792x8h100': {
    ...plain,
    disks: [7680, 7680],
    vcpus: 160,
    memory: 1792,
    bandwidth: 200_000,
    gpu: {count: 8, manufacturer: 'nvidia', memory: 640, model: 'NVIDIA H100'},
  },
  'mx2-4x32': {...plain, vcpus: 4, memory: 32, bandwidth: 8000},
} satisfies Record<string, Profile>

const byName: ReadonlyMap<string, Profile> = new Map(Object.entries(profiles))

export type ProfileName = keyof typeof profiles

/** The profile called `name`. Throws an Error for one that the sandbox does not have. */
export function profileOf(name: string): Profile {
  const found = byName.get(name)
  if (found === undefined) throw new Error(`The sandbox has no instance profile ${name}.`)
  return found
}

/** The names of all profiles. */
export const profileNames: readonly string[] = Object.keys(profiles)

/** The InstanceProfile object, with fixed values where the real ones have ranges (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.InstanceProfile`). */
function profileBody(name: string): WireBody {
  const profile = profileOf(name)
  const fixed = (value: number | string) => ({type: 'fixed', value})
  return {
    availability_class: {default: 'standard', type: 'enum', values: ['standard', 'spot']},
    bandwidth: fixed(profile.bandwidth),
    cluster_network_attachment_count: {type: 'enum', values: [0]},
    confidential_compute_modes: {default: 'disabled', type: 'enum', values: ['disabled']},
    disks: profile.disks.map(size => ({
      default_interface_type: 'nvme',
      quantity: fixed(1),
      size: fixed(size),
      supported_interface_types: {default: 'nvme', type: 'enum', values: ['nvme']},
    })),
    family: {b: 'balanced', c: 'compute', g: 'gpu', m: 'memory'}[name.slice(0, 1)] ?? 'balanced',
    href: `/instance/profiles/${name}`,
    memory: fixed(profile.memory),
    name,
    network_attachment_count: {max: 5, min: 1, type: 'range'},
    network_bandwidth_mode: {type: 'fixed', value: 'bandwidth_based'},
    network_interface_count: {max: 5, min: 1, type: 'range'},
    os_architecture: {default: profile.architecture, type: 'enum', values: [profile.architecture]},
    port_speed: fixed(16_000),
    reservation_terms: {type: 'enum', values: ['one_year', 'three_year']},
    resource_type: 'instance_profile',
    secure_boot_modes: {default: false, type: 'enum', values: [true, false]},
    status: 'current',
    supported_cluster_network_profiles: [],
    total_volume_bandwidth: fixed(profile.bandwidth / 4),
    vcpu_architecture: {default: profile.architecture, ...fixed(profile.architecture)},
    vcpu_burst_limit: fixed(100),
    vcpu_count: fixed(profile.vcpus),
    vcpu_manufacturer: {default: profile.manufacturer, ...fixed(profile.manufacturer)},
    vcpu_percentage: fixed(100),
    volume_bandwidth_qos_modes: {default: 'weighted', type: 'enum', values: ['weighted']},
  }
}

/** `/instance/profiles` */
export function addInstanceProfiles(routes: Routes): void {
  collection(routes, {
    path: '/instance/profiles',
    key: 'name',
    // "When using a `version` query parameter of `2026-04-07` or later" it comes in pages (ibm-cloud-docs/vpc api-change-log.md).
    pages: c => ((c.req.query('version') ?? '') < '2026-04-07' ? 'never' : 'always'),
    rows: () => profileNames.map(name => ({name})),
    body: ({name}) => profileBody(name),
  })
}
