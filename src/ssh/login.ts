import type {Instance} from '../cloud/readers/instance.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {exitCodes, VpcmdError} from '../errors.ts'

/** How one gets into an instance, and as whom. */
export interface Login {
  protocol: 'ssh' | 'rdp'
  user: string
}

// The users of IBM's images (ibm-cloud-docs/vpc, vsi_is_connecting_linux_gc.md and vsi_is_connecting_windows.md), by
// what the name of a stock image or of an operating system has in it. First match wins.
const logins: readonly (readonly [system: RegExp, login: Login])[] = [
  [/windows/, {protocol: 'rdp', user: 'Administrator'}],
  [/coreos/, {protocol: 'ssh', user: 'core'}],
  [/(red|redhat|red hat|rhel|enterprise linux)\b.*\bai\b/, {protocol: 'ssh', user: 'cloud-user'}],
  // ibm-cloud-docs/vpc, vsi_is_connecting_zos.md.
  [/\bz\/?os\b/, {protocol: 'ssh', user: 'ibmuser'}],
  [/ubuntu/, {protocol: 'ssh', user: 'ubuntu'}],
  [/\bred\b|redhat|red hat|rhel|sles|suse|debian|rocky|centos/, {protocol: 'ssh', user: 'vpcuser'}],
]

/** The login that goes with the name of an image or an operating system; undefined where nothing is known of it. */
export function loginFor(system: string): Login | undefined {
  return logins.find(([known]) => known.test(system.toLowerCase()))?.[1]
}

/**
 * The login of an instance: by name for IBM's stock images, by what the image says of its operating system for others;
 * undefined where that tells nothing, or there is no image any more. Throws what reading the image throws.
 */
export async function loginOf(api: VpcApi, {image}: Instance): Promise<Login | undefined> {
  if (image === undefined) return undefined
  if (image.name?.startsWith('ibm-')) return loginFor(image.name)
  if (image.id === undefined) return undefined
  try {
    const {name = '', family = ''} = (await api.getImage({id: image.id})).result.operatingSystem
    return loginFor(`${name} ${family}`)
  } catch (error) {
    if (error instanceof VpcmdError && error.exitCode === exitCodes.notFound) return undefined
    throw error
  }
}

/** The port of the Remote Desktop Protocol. */
export const rdpPort = 3389

/** The content of a file that opens a remote desktop: lines of `name:type:value`, as Remote Desktop Connection writes them. */
export function rdpFile(address: string, user: string): string {
  return [`full address:s:${address}:${rdpPort}`, `username:s:${user}`, 'prompt for credentials:i:1', ''].join('\r\n')
}
