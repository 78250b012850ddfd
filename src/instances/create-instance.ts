import {setTimeout as sleep} from 'node:timers/promises'
import type {Identity, InstancePrototype} from '../cloud/prototypes.ts'
import type {Instance, Reason} from '../cloud/readers/instance.ts'
import {pauseAfter, retryPolicy} from '../cloud/retry-policy.ts'
import {withDoubt} from '../cloud/service-errors.ts'
import type {VpcApi} from '../cloud/vpc-api.ts'
import {VpcmdError} from '../errors.ts'
import {targetName} from './references.ts'
import {settingNames} from './settings.ts'

/**
 * Creates an instance. Throws what the API's call throws; where no answer came it says that the instance may be there.
 * After `ending` nothing is sent again.
 */
export async function createInstance(
  api: VpcApi,
  prototype: InstancePrototype,
  ending?: AbortSignal,
): Promise<Instance> {
  try {
    return (await api.createInstance({instancePrototype: prototype, signal: ending})).result
  } catch (error) {
    throw withDoubt(error, `It may exist all the same: vpcmd instances list --name ${prototype.name}`)
  }
}

/**
 * Throws where the region has an instance of that name. The API takes a name once in a region (IBM's SDK for Java,
 * InstancePrototype.name), but only a creation learns of it.
 */
export async function checkNameFree(api: VpcApi, name: string): Promise<void> {
  const {result} = await api.listInstances({limit: 1, name})
  const taken = result.rows.find(each => each.name === name)
  if (!taken) return
  throw new VpcmdError({
    code: 'name_taken',
    message: `There is an instance ${targetName(taken)} in the region already: nothing was sent.`,
    hint: 'Choose another name.',
  })
}

/**
 * Waits until an instance runs, for `limitMs` at most, and returns it as it is then. Throws VpcmdError where it fails, or
 * does not run by then.
 */
export async function waitUntilRunning(api: VpcApi, created: Instance, limitMs: number): Promise<Instance> {
  const end = performance.now() + limitMs
  let instance = created
  for (let looks = 0; instance.status !== 'running'; looks++) {
    if (instance.status === 'failed' || instance.status === 'stopped') throw notStarted(instance)
    const left = end - performance.now()
    if (left <= 0) throw notYet(instance, limitMs)
    await sleep(Math.min(pauseAfter(looks, retryPolicy.look.pauses), left))
    instance = (await api.getInstance({id: created.id})).result
  }
  return instance
}

/** How an instance differs from its prototype, each as in `metadata_service.protocol is http, not https`. */
export function departures(
  {name, profile, image, vpc, zone, metadata_service: asked}: InstancePrototype,
  instance: Instance,
): string[] {
  const {settings: made} = instance
  const fields: [string, unknown, unknown][] = [
    ['name', name, instance.name],
    ['profile', profile.name, instance.profile],
    ['image', idIn(image), instance.image?.id],
    ['vpc', idIn(vpc), instance.vpc?.id],
    ['zone', zone.name, instance.zone],
    ...settingNames.map((each): [string, unknown, unknown] => [`metadata_service.${each}`, asked[each], made[each]]),
  ]
  return fields.flatMap(([field, wanted, found]) =>
    wanted === undefined || wanted === found ? [] : `${field} is ${found ?? 'unknown'}, not ${wanted}`,
  )
}

function idIn(identity: Identity): string | undefined {
  return 'id' in identity ? identity.id : undefined
}

/** Reasons of the API in words: `There is no capacity (cannot_start_capacity)`. */
export function reasonsInWords(reasons: readonly Reason[]): string {
  return reasons
    .map(({code, message = 'no reason was given'}) => `${message.replace(/\.$/, '')} (${code ?? 'no code'})`)
    .join('; ')
}

function notStarted(instance: Instance): VpcmdError {
  const {status, statusReasons} = instance
  const why = reasonsInWords(statusReasons)
  return new VpcmdError({
    code: 'instance_not_started',
    message: `${targetName(instance)} was created, and is ${status} now${why ? `: ${why}` : ''}.`,
    hint: 'It exists, and costs money until you delete it.',
  })
}

function notYet(instance: Instance, limitMs: number): VpcmdError {
  const {id, status = 'in an unknown status'} = instance
  return new VpcmdError({
    code: 'timeout',
    message: `${targetName(instance)} was created, and is still ${status} after ${Math.round(limitMs / 1000)} s.`,
    hint: `See its status: vpcmd instances show ${id}`,
  })
}
