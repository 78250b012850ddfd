import type {InstanceInitialization} from '../cloud/readers/resources.ts'
import {nameOf, told} from './columns.ts'
import type {DetailRow} from './details.ts'
import type {FoundInstance} from './find-instance.ts'

/** What an instance was given at its creation, with the password of Windows in clear where a key opened it. */
export interface Initialization {
  found: FoundInstance
  given: InstanceInitialization
  password: string | undefined
}

/** As rows of `instances initialization`. */
export function initializationDetails({found, given, password}: Initialization): DetailRow[] {
  const {id, name} = found.instance
  const {keys, trustedProfile: profile} = given
  const sealed = given.password && `encrypted for ${given.password.fingerprint ?? 'a key'}`
  return [
    ['ID', id],
    ['Name', told(name)],
    [
      'Keys',
      {
        columns: ['ID', 'Name', 'Fingerprint'],
        rows: keys.length > 0 ? keys.map(key => [told(key.id), nameOf(key), told(key.fingerprint)]) : [['', '', '']],
      },
    ],
    ['Trusted profile', told(profile?.target?.id ?? profile?.target?.crn)],
    ['Linked', told(profile?.autoLink)],
    ['Password', password ?? sealed ?? ''],
  ]
}

/** As `instances initialization --json` prints it: the API's own object, with what it is of, and the password in clear where it was opened. */
export function toJsonInitialization({found, given, password}: Initialization): object {
  const {id, name} = found.instance
  return {
    id,
    name: name ?? null,
    region: found.region.name,
    ...given.api,
    ...(password !== undefined && {password: {...Object(given.api.password), password}}),
  }
}
