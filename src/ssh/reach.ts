import {access, constants} from 'node:fs/promises'
import {isIP} from 'node:net'
import type {Instance} from '../cloud/readers/instance.ts'
import type {FloatingIp} from '../cloud/readers/resources.ts'
import {withDoubt} from '../cloud/service-errors.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {usageError, VpcmdError} from '../errors.ts'
import {explainTrouble, sentence} from '../files/file-trouble.ts'
import {reservedIpOf} from '../instances/columns.ts'
import {addressesOf, floatingIpsFor} from '../instances/floating-ips.ts'
import {primaryPort} from '../instances/primary-port.ts'
import {targetName} from '../instances/references.ts'
import {type Login, loginOf} from './login.ts'
import {checkJumpHost, checkUser, type SshCall} from './ssh-arguments.ts'

/** How the user wants an instance to be reached. */
export interface ReachWishes extends Partial<Pick<SshCall, 'user' | 'identity' | 'via'>> {
  /** By its reserved IP, although it may have a floating one. */
  internalIp: boolean
}

/** How an instance can be reached. */
export interface Reach {
  /** Undefined where the image tells no user and none was named. */
  login: Login | undefined
  /** Undefined where it takes a floating IP and there is none. */
  address: string | undefined
}

/** Checks what the user wants before anything is sent. Throws a usage error for a name that is none, and a key file that can't be read. */
export async function checkWishes({user, identity, via}: ReachWishes, env: NodeJS.ProcessEnv): Promise<void> {
  if (user !== undefined) checkUser(user)
  if (via !== undefined) checkJumpHost(via)
  if (identity === undefined) return
  // ssh puts the variable's value in its place (ssh_config(5), ENVIRONMENT VARIABLES), and knows no way to write the two.
  if (identity.includes('${'))
    throw usageError(`--identity ${identity} holds ${'${'}, which ssh replaces.`, 'Rename the file.')
  try {
    await access(identity, constants.R_OK)
  } catch (error) {
    const {why, advice} = explainTrouble(error, identity, env, 'read')
    throw usageError(`No private key from --identity ${identity}: ${why}.`, advice && sentence(advice))
  }
}

/** Finds out by whom and where an instance is reached. Throws what the API's calls throw. */
export async function findReach(api: VpcApi, instance: Instance, wishes: ReachWishes): Promise<Reach> {
  const {user, internalIp, via} = wishes
  const findAddress = async () => {
    if (internalIp || via !== undefined) return checkedAddress(instance, reservedIpOf(instance))
    // The primary interface's comes first.
    const [address] = addressesOf(instance, await floatingIpsFor(api, instance)) ?? []
    return address === undefined ? undefined : checkedAddress(instance, address)
  }
  const [login, address] = await Promise.all([
    user === undefined ? loginOf(api, instance) : {protocol: 'ssh' as const, user},
    findAddress(),
  ])
  return {login, address}
}

/** The error of an instance whose image does not tell whom to log in as. */
export function unknownUser(instance: Instance): VpcmdError {
  const {image} = instance
  const why = image ? `its image ${image.name ?? image.id ?? ''} does not tell it` : 'it has no image any more'
  return usageError(`The user of ${targetName(instance)} is not known: ${why}.`, 'Name it with --user.')
}

/** The error of an instance without a floating IP. */
export function noFloatingIp(instance: Instance): VpcmdError {
  const {id} = instance
  return new VpcmdError({
    code: 'no_floating_ip',
    message: `${targetName(instance)} has no floating IP.`,
    hint: `--internal-ip takes its reserved IP, --via HOST jumps over a host that reaches it, and this reserves one: vpcmd connect ${id} --assign-floating-ip`,
  })
}

/** Throws VpcmdError for an instance that does not run: nobody is there to answer. */
export function checkRunning(instance: Instance): void {
  const {id, status = 'in a status that the API does not tell'} = instance
  if (status === 'running') return
  const hints: Record<string, string> = {
    stopped: `Start it first: vpcmd instances start ${id}`,
    failed: `See why: vpcmd instances show ${id}`,
  }
  throw new VpcmdError({
    code: 'instance_not_running',
    message: `${targetName(instance)} is ${status}: it takes no connection.`,
    hint: hints[status] ?? 'Try again when it is running.',
  })
}

/** The address as ssh may have it: it comes from outside, and only an IP address may stand there. Throws VpcmdError. */
export function checkedAddress(instance: Instance, address: string | undefined): string {
  // A zone behind % is of no use to others, and ssh reads a % as more than that.
  if (address !== undefined && isIP(address) && !address.includes('%') && address !== '0.0.0.0') return address
  throw new VpcmdError({
    code: 'no_address',
    message: `${targetName(instance)} has no address yet: the API says ${address === undefined ? 'nothing' : JSON.stringify(address)}.`,
    hint: 'An instance that is being made gets its address in a moment.',
  })
}

/**
 * Reserves a floating IP and binds it to the instance's primary interface, in one request, so that none is left over when
 * it fails: to the virtual network interface where it has one, else to the network interface of the old kind
 * (IBM/vpc-node-sdk, vpc/v1.ts, FloatingIPPrototypeFloatingIPByTarget). Throws what the API's call throws; where no answer
 * came it says that it may be reserved. After `ending` nothing is sent again.
 */
export async function assignFloatingIp(
  api: VpcApi,
  instance: Instance,
  ending?: AbortSignal,
): Promise<FloatingIp & {address: string}> {
  const target = primaryPort(instance).id
  const group = instance.resourceGroup?.id
  const floatingIpPrototype = {...(group !== undefined && {resource_group: {id: group}}), target: {id: target}}
  try {
    const {result} = await api.createFloatingIp({floatingIpPrototype, signal: ending})
    return {...result, address: checkedAddress(instance, result.address)}
  } catch (error) {
    throw withDoubt(error, 'It may have been reserved all the same, and costs money then: ibmcloud is floating-ips')
  }
}
