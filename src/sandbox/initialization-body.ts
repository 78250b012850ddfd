import {createHash} from 'node:crypto'
import type {InstanceRecord} from './records.ts'
import {sshKeyOf} from './ssh-keys.ts'
import {defaultProfileOf} from './trusted-profiles.ts'

const digestOf = (text: string) => createHash('sha256').update(text)

/**
 * The InstanceInitialization object: the key, for some a default trusted profile, for Windows a password. The password is
 * noise of the right length: no private key opens it.
 */
export function initializationBody(record: InstanceRecord, base: string): Record<string, unknown> {
  const {id, crn, fingerprint, name} = sshKeyOf(record)
  const profile = defaultProfileOf(record)
  const noise = Buffer.concat(Array.from({length: 8}, (_, index) => digestOf(`${record.id}/${index}`).digest()))
  return {
    ...(profile && {
      default_trusted_profile: {auto_link: true, target: {...profile, resource_type: 'trusted_profile'}},
    }),
    keys: [{crn, fingerprint, href: `${base}/keys/${id}`, id, name}],
    ...(record.image?.name.includes('windows') && {
      password: {encrypted_password: noise.toString('base64'), encryption_key: {fingerprint}},
    }),
  }
}
