import type {InstanceInitialization} from '../cloud/wire.ts'
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
  const {keys, default_trusted_profile: profile} = given
  const sealed = given.password && `encrypted for ${given.password.encryption_key.fingerprint ?? 'a key'}`
  return [
    ['ID', id],
    ['Name', name],
    [
      'Keys',
      {
        columns: ['ID', 'Name', 'Fingerprint'],
        rows: keys.length > 0 ? keys.map(key => [key.id, key.name, key.fingerprint]) : [['', '', '']],
      },
    ],
    ['Trusted profile', profile?.target.id ?? ''],
    ['Linked', profile ? String(profile.auto_link) : ''],
    ['Password', password ?? sealed ?? ''],
  ]
}

/** As `instances initialization --json` prints it: the API's own object, with what it is of, and the password in clear where it was opened. */
export function toJsonInitialization({found, given, password}: Initialization): object {
  const {id, name} = found.instance
  return {
    id,
    name,
    region: found.region.name,
    ...given,
    ...(given.password && {password: {...given.password, ...(password !== undefined && {password})}}),
  }
}
