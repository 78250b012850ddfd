import {crnOf, uuidOf} from '../core/ids.ts'
import type {FloatingIpRecord, InstanceRecord, KeyRecord} from '../core/records.ts'
import {isoTime} from '../core/references.ts'
import {initializationBody} from '../vpc/initialization-body.ts'
import {bootAttachmentBody, instanceBody} from '../vpc/instance-body.ts'
import {softwareAttachmentsOf} from '../vpc/licensed-software.ts'
import {
  attachmentBodies,
  interfaceBodies,
  virtualNetworkInterfaceBody,
  virtualNetworkInterfaceIds,
} from '../vpc/networking.ts'
import {keyFacts, keyReference} from '../vpc/ssh-keys.ts'

type Body = Record<string, unknown>

/** What the metadata service says of an instance is made of. */
export interface Subject {
  /** A bare metal server has an identity, and no metadata of its own to read. */
  kind: 'bare-metal-server' | 'instance'
  record: InstanceRecord
  vpcName: string
  /** Those that lead to the instance. */
  floatingIps: readonly FloatingIpRecord[]
  /** Those that it was created with. */
  keys: readonly KeyRecord[]
  /** Epoch milliseconds. */
  now: number
  transitionMs: number
}

/** A body of the VPC API as the metadata service gives it: it links to nothing and, but for the instance itself, names no resource group (ibm-cloud-docs/vpc instance_metadata_vpc_metadata_summary.md, instance_metadata_vpc_get_metadata.md). */
function withoutLinks<Value>(value: Value): Value
function withoutLinks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(each => withoutLinks(each))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'href' && name !== 'resource_group')
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutLinks(each)]))
}

/** An interface as a reference: with its address in place of the reserved IP. */
function withAddress({primary_ip: ip, ...rest}: Body): Body {
  return {...rest, primary_ipv4_address: (ip as Body).address}
}

/**
 * `/instance`: the instance as the VPC API describes it at the same moment, with its resource group, and with
 * `primary_ipv4_address` in its interfaces (ibm-cloud-docs/vpc instance_metadata_vpc_access_instance_metadata.md; an answer
 * of IBM's that mondoohq/cnquery recorded, providers/os/id/ibm/testdata/instance_linux.toml).
 */
export function metadataInstance({record, vpcName, now, transitionMs}: Subject): Body {
  const full = instanceBody(record, vpcName, {base: '', now, transitionMs})
  const {id, name} = record.resourceGroup
  const body: Body = {
    ...withoutLinks(full),
    network_interfaces: withoutLinks(full.network_interfaces as Body[]).map(withAddress),
    primary_network_interface: withAddress(withoutLinks(full.primary_network_interface as Body)),
    resource_group: {id, name},
  }
  const software = softwareAttachments(record).map(({id, name, resource_type}) => ({id, name, resource_type}))
  return {...body, software_attachments: software}
}

/** `/instance/initialization`: what the VPC API says, and the user data as it was given. Without any the property is left out; no source says what IBM does. */
export function metadataInitialization({record, keys: given}: Subject): Body {
  const {keys, ...rest} = withoutLinks(initializationBody(record, given, ''))
  return {
    ...rest,
    keys: (keys as Body[]).map(key => ({...key, resource_type: 'key'})),
    ...(record.userData !== undefined && {user_data: record.userData}),
  }
}

/** `/instance/network_interfaces`. The summary of metadata still lists `primary_ipv4_address`, which the VPC API has no more. */
export function networkInterfaces({record, floatingIps}: Subject): Body[] {
  return withoutLinks(interfaceBodies(record, floatingIps, '')).map(each => ({
    ...each,
    primary_ipv4_address: (each.primary_ip as Body).address,
  }))
}

/** `/instance/network_attachments`; none for an instance of the old kind. */
export function networkAttachments({record}: Subject): Body[] {
  return withoutLinks(attachmentBodies(record, ''))
}

/** `/virtual_network_interfaces`: those that the instance's network attachments have. */
export function virtualNetworkInterfaces({record, vpcName}: Subject): Body[] {
  const vpc = {crn: crnOf(record.region, 'vpc', record.vpc), id: record.vpc, name: vpcName, resource_type: 'vpc'}
  return virtualNetworkInterfaceIds(record).map(id => ({
    ...withoutLinks(virtualNetworkInterfaceBody(record, id, '') ?? {}),
    vpc,
  }))
}

/** `/instance/volume_attachments`. */
export function volumeAttachments({record}: Subject): Body[] {
  return [withoutLinks(bootAttachmentBody(record, ''))]
}

/** `/instance/cluster_network_attachments`; by IBM/vpc-node-sdk vpc/v1.ts `InstanceClusterNetworkAttachment`, without links. */
export function clusterNetworkAttachments(subject: Subject): Body[] {
  const {cluster_network_attachments: attachments} = metadataInstance(subject)
  const prefix = subject.record.id.slice(0, 4)
  return (attachments as Body[]).map(attachment => {
    const idOf = (part: string) => `${prefix}-${uuidOf(`${attachment.id}/${part}`)}`
    const primary = {
      address: '10.0.0.5',
      id: idOf('ip'),
      name: 'cluster-ip-1',
      resource_type: 'cluster_network_subnet_reserved_ip',
    }
    return {
      ...attachment,
      cluster_network_interface: {
        id: idOf('interface'),
        name: 'cluster-interface-1',
        primary_ip: primary,
        resource_type: 'cluster_network_interface',
        subnet: {id: idOf('subnet'), name: 'cluster-subnet-1', resource_type: 'cluster_network_subnet'},
      },
      lifecycle_reasons: [],
      lifecycle_state: 'stable',
    }
  })
}

/** `/instance/software_attachments`; the one place where the metadata service links to something. */
export function softwareAttachments(record: InstanceRecord): Body[] {
  return softwareAttachmentsOf(record, `https://${record.region}.iaas.cloud.ibm.com/v1`)
}

/** `/keys`: the public keys that the instance was made with. */
export function metadataKeys({keys}: Subject): Body[] {
  return keys.map(key => ({
    ...withoutLinks(keyReference(key, '')),
    created_at: isoTime(key.created),
    length: keyFacts(key.publicKey)?.length,
    public_key: key.publicKey,
    resource_type: 'key',
    type: keyFacts(key.publicKey)?.type,
  }))
}

/** `/placement_groups`: the one that the instance is in, if any. */
export function placementGroups({record}: Subject): Body[] {
  if (record.placementGroup === undefined) return []
  return [
    {
      ...record.placementGroup,
      created_at: isoTime(Date.UTC(2025, 0, 14, 9, 15)),
      lifecycle_state: 'stable',
      resource_type: 'placement_group',
      strategy: 'host_spread',
    },
  ]
}
