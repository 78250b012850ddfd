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
