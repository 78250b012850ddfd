import {createHash} from 'node:crypto'
import {accountId, crnOf, uuidOf} from './ids.ts'
import type {InstanceRecord} from './records.ts'

const digestOf = (text: string) => createHash('sha256').update(text)

/**
 * The InstanceInitialization object: the key, for some a default trusted profile, for Windows a password. The password is
 * noise of the right length: no private key opens it.
 */
export function initializationBody(record: InstanceRecord, base: string): Record<string, unknown> {
  const code = record.vpc.slice(0, 4)
  const keyId = `${code}-${uuidOf(`key/${record.region}`)}`
  const fingerprint = `SHA256:${digestOf(keyId).digest('base64').replace(/=+$/, '')}`
  const profile = `Profile-${uuidOf(`profile/${record.id}`)}`
  const noise = Buffer.concat(Array.from({length: 8}, (_, index) => digestOf(`${record.id}/${index}`).digest()))
  return {
    ...(record.trustedProfile && {
      default_trusted_profile: {
        auto_link: true,
        target: {
          crn: `crn:v1:bluemix:public:iam-identity::a/${accountId}::profile:${profile}`,
          id: profile,
          resource_type: 'trusted_profile',
        },
      },
    }),
    keys: [
      {crn: crnOf(record.region, 'key', keyId), fingerprint, href: `${base}/keys/${keyId}`, id: keyId, name: 'my-key'},
    ],
    ...(record.image?.name.includes('windows') && {
      password: {encrypted_password: noise.toString('base64'), encryption_key: {fingerprint}},
    }),
  }
}
