import {createHash} from 'node:crypto'
import type {InstanceRecord, KeyRecord} from '../core/records.ts'
import {defaultProfileOf} from '../iam/trusted-profiles.ts'
import {keyReference} from './ssh-keys.ts'

const digestOf = (text: string) => createHash('sha256').update(text)

/**
 * The InstanceInitialization object: `keys` (see keysOfInstance), for some a default trusted profile, for Windows a
 * password. The password of an instance that nobody created is noise of the right length: no private key opens it.
 */
export function initializationBody(
  record: InstanceRecord,
  keys: readonly KeyRecord[],
  base: string,
): Record<string, unknown> {
  const references = keys.map(key => keyReference(key, base))
  const noise = Buffer.concat(Array.from({length: 8}, (_, index) => digestOf(`${record.id}/${index}`).digest()))
  const password = record.password ?? {encrypted: noise.toString('base64'), fingerprint: references[0]?.fingerprint}
  const profile = defaultProfileOf(record)
  return {
    ...(profile && {
      default_trusted_profile: {
        auto_link: profile.autoLink,
        target: {crn: profile.crn, id: profile.id, resource_type: 'trusted_profile'},
      },
    }),
    keys: references,
    ...(record.image?.name.includes('windows') && {
      password: {encrypted_password: password.encrypted, encryption_key: {fingerprint: password.fingerprint}},
    }),
  }
}
