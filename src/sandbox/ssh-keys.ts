import {createHash} from 'node:crypto'
import {crnOf, uuidOf} from './ids.ts'
import type {InstanceRecord} from './records.ts'

/** A public SSH key as the VPC API knows it; `fingerprint` is that of `public_key`. */
export interface SshKey {
  id: string
  crn: string
  name: string
  fingerprint: string
  public_key: string
  type: 'ed25519'
  /** In bits. */
  length: number
  /** Epoch milliseconds. */
  created: number
}

const sized = (bytes: Uint8Array) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** The key that an instance was made with: one a region. Nobody has the private key to it. */
export function sshKeyOf(record: InstanceRecord): SshKey {
  const id = `${record.vpc.slice(0, 4)}-${uuidOf(`key/${record.region}`)}`
  const noise = createHash('sha256').update(id).digest()
  const blob = Buffer.concat([sized(Buffer.from('ssh-ed25519')), sized(noise)])
  const fingerprint = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  return {
    id,
    crn: crnOf(record.region, 'key', id),
    name: 'my-key',
    fingerprint: `SHA256:${fingerprint}`,
    public_key: `ssh-ed25519 ${blob.toString('base64')}`,
    type: 'ed25519',
    length: 256,
    created: Date.UTC(2025, 0, 14, 9, 0),
  }
}
