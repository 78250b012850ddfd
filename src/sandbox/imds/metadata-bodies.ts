import {uuidOf} from '../core/ids.ts'
import type {InstanceRecord, KeyRecord} from '../core/records.ts'
import {isoTime, vpcReference} from '../core/references.ts'
import {bootAttachmentBody, initializationBody, instanceBody, softwareAttachmentsOf} from '../vpc/instance-body.ts'
import {keyFacts, keyReference} from '../vpc/keys.ts'
import {attachmentBodies, interfaceBodies, virtualNetworkInterfacesOf} from '../vpc/networking.ts'
import type {MetadataSubject} from './metadata-request.ts'

type Body = Record<string, unknown>

/** A body of the VPC API as the metadata service gives it: without links and, except in the instance itself, without a resource group (ibm-cloud-docs/vpc instance_metadata_vpc_metadata_summary.md, instance_metadata_vpc_get_metadata.md). */
function withoutLinks<Value>(value: Value): Value
function withoutLinks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(each => withoutLinks(each))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'href' && name !== 'resource_group')
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutLinks(each)]))
}

/** A reference to an interface, with its address in place of the reserved IP. */
function withAddress({primary_ip: ip, ...rest}: Body): Body {
  return {...rest, primary_ipv4_address: (ip as Body).address}
}

/**
 * `/instance`: the instance as the VPC API describes it at the same moment, with its resource group, and with
 * `primary_ipv4_address` in its interfaces (ibm-cloud-docs/vpc instance_metadata_vpc_access_instance_metadata.md; an answer
 * of IBM's that mondoohq/cnquery recorded, providers/os/id/ibm/testdata/instance_linux.toml).
 */
function metadataInstance({record, fleet, now, transitionMs}: MetadataSubject): Body {
  const full = instanceBody(record, fleet.vpcName(record.vpc), {now, transitionMs})
  const {id, name} = record.resourceGroup
  const body: Body = {
    ...withoutLinks(full),
    // "For all other profiles, the value defaults to `2`" (ibm-cloud-docs/vpc api-metadata-change-log.md, 23 June 2026).
    threads_per_core: 2,
    network_interfaces: withoutLinks(full.network_interfaces as Body[]).map(withAddress),
    primary_network_interface: withAddress(withoutLinks(full.primary_network_interface as Body)),
    resource_group: {id, name},
  }
  const software = softwareAttachments(record).map(({id, name, resource_type}) => ({id, name, resource_type}))
  return {...body, software_attachments: software}
}

/** `/instance/initialization`: what the VPC API says, and the user data as it was given. Without user data the property is absent; no source says what IBM does. */
function metadataInitialization({record, fleet}: MetadataSubject): Body {
  const {keys, ...rest} = withoutLinks(initializationBody(record, fleet.keysOf(record)))
  return {
    ...rest,
    keys: (keys as Body[]).map(key => ({...key, resource_type: 'key'})),
    ...(record.userData !== undefined && {user_data: record.userData}),
  }
}

/** A cluster network attachment; by IBM/vpc-node-sdk vpc/v1.ts `InstanceClusterNetworkAttachment`, without links. */
function clusterNetworkAttachment(attachment: Body, prefix: string): Body {
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
}

/** The one place where the metadata service links to something. */
function softwareAttachments(record: InstanceRecord): Body[] {
  return softwareAttachmentsOf(record, `https://${record.region}.iaas.cloud.ibm.com/v1`)
}

function metadataKey(key: KeyRecord): Body {
  const facts = keyFacts(key.publicKey)
  return {
    ...withoutLinks(keyReference(key)),
    created_at: isoTime(key.created),
    length: facts?.length,
    public_key: key.publicKey,
    resource_type: 'key',
    type: facts?.type,
  }
}

/** The objects below `/metadata/v1`, by path. */
export const metadataObjects: Record<string, (subject: MetadataSubject) => Body> = {
  instance: metadataInstance,
  'instance/initialization': metadataInitialization,
}

/** The lists below `/metadata/v1`, by path. Each row is also served below its list, by ID. */
export const metadataLists: Record<string, (subject: MetadataSubject) => Body[]> = {
  'instance/cluster_network_attachments': subject =>
    (metadataInstance(subject).cluster_network_attachments as Body[]).map(each =>
      clusterNetworkAttachment(each, subject.record.id.slice(0, 4)),
    ),
  // None for an instance of the old kind.
  'instance/network_attachments': ({record}) => withoutLinks(attachmentBodies(record)),
  // The summary of metadata still lists `primary_ipv4_address`, which the VPC API has no more.
  'instance/network_interfaces': ({record, fleet}) =>
    withoutLinks(interfaceBodies(record, fleet.floatingIpsOf(record))).map(each => ({
      ...each,
      primary_ipv4_address: (each.primary_ip as Body).address,
    })),
  'instance/software_attachments': ({record}) => softwareAttachments(record),
  'instance/volume_attachments': ({record}) => [withoutLinks(bootAttachmentBody(record))],
  // Those that the instance was made with.
  keys: ({record, fleet}) => fleet.keysOf(record).map(metadataKey),
  // The one that the instance is in, if any.
  placement_groups: ({record}) =>
    record.placementGroup === undefined
      ? []
      : [
          {
            ...record.placementGroup,
            created_at: isoTime(Date.UTC(2025, 0, 14, 9, 15)),
            lifecycle_state: 'stable',
            resource_type: 'placement_group',
            strategy: 'host_spread',
          },
        ],
  // Those that the instance's network attachments have.
  virtual_network_interfaces: ({record, fleet}) => {
    const vpc = withoutLinks(vpcReference(record, fleet.vpcName(record.vpc)))
    return virtualNetworkInterfacesOf(record).map(({body}) => ({...withoutLinks(body()), vpc}))
  },
}
