import {uuidOf} from '../core/ids.ts'
import {
  defaultsGroup,
  type FleetRecords,
  type FloatingIpRecord,
  type InstanceRecord,
  type MetadataSettings,
  productionGroup,
  type VpcRecord,
} from '../core/records.ts'
import {allRegions, regional} from '../core/regions.ts'
import type {ProfileName} from '../vpc/profiles.ts'
import {defaultBareMetal} from './bare-metal-fleet.ts'
import {defaultTemplates} from './template-fleet.ts'

/** A subnet whose ID and name IBM's page gives; every other subnet's are derived from its VPC and zone. */
export const knownSubnets: ReadonlyMap<string, {id: string; name: string}> = new Map([
  [
    'r006-01030e3c-2663-4f7d-ac55-651929dafe37/us-south-2',
    {id: '0727-f24237f5-bdf0-4b94-ab4c-167a44b8bcb5', name: 'my-subnet-01'},
  ],
])

const off: MetadataSettings = {enabled: false, protocol: 'http', response_hop_limit: 1}
const httpOne: MetadataSettings = {enabled: true, protocol: 'http', response_hop_limit: 1}
const httpsTwo: MetadataSettings = {enabled: true, protocol: 'https', response_hop_limit: 2}

function vpc(order: number, region: string, name: string, id?: string): VpcRecord {
  const made = regional(region, 'vpc', name, id)
  return {order, id: made.id, name, region, created: Date.UTC(2025, 0, 14, 9, 30, order), resourceGroup: defaultsGroup}
}

interface Given extends Partial<InstanceRecord> {
  name: string
  zone: string
  vpc: string
  address: string
  profile: ProfileName
}

/**
 * The fleet the sandbox starts with: the three instances of IBM's page exactly as it shows them, and six in other regions
 * that between them have what the page's three have not (old interfaces, disks, groups, a GPU, no image, not running).
 */
export function defaultFleet(): FleetRecords {
  const vpcs = [
    vpc(1, 'us-south', 'my-test-vpc', 'r006-01030e3c-2663-4f7d-ac55-651929dafe37'),
    vpc(2, 'us-south', 'empty-vpc'),
    vpc(3, 'eu-de', 'frankfurt-vpc'),
    vpc(4, 'jp-tok', 'tokyo-vpc'),
    vpc(5, 'eu-gb', 'research-vpc'),
    vpc(6, 'au-syd', 'build-vpc'),
  ]
  const vpcOf = (name: string) => vpcs.find(each => each.name === name)?.id ?? ''
  const instances: InstanceRecord[] = []
  const add = (given: Given) => {
    const region = given.zone.slice(0, -2)
    const prefix = allRegions.flatMap(each => each.zones).find(each => each.name === given.zone)?.prefix
    instances.push({
      order: instances.length + 1,
      id: `${prefix}_${uuidOf(`instance/${given.zone}/${given.name}`)}`,
      region,
      created: Date.UTC(2025, 4, 1 + instances.length, 8, 15, 30),
      status: 'running',
      action: undefined,
      failures: undefined,
      metadata: off,
      revision: 0,
      deleted: false,
      resourceGroup: defaultsGroup,
      ...given,
    })
  }

  add({
    id: '0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf',
    name: 'my-virtual-server-1',
    zone: 'us-south-1',
    vpc: vpcOf('my-test-vpc'),
    address: '10.240.0.6',
    profile: 'bx2-2x8',
    created: Date.UTC(2025, 2, 6, 18, 51, 40),
    image: regional('us-south', 'image', 'ibm-ubuntu-24-04-2-minimal-amd64-1'),
  })
  add({
    id: '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6',
    name: 'my-virtual-server-2',
    zone: 'us-south-2',
    vpc: vpcOf('my-test-vpc'),
    address: '10.240.64.11',
    profile: 'bx2-2x8',
    created: Date.UTC(2025, 2, 6, 19, 24, 2),
    image: regional(
      'us-south',
      'image',
      'ibm-ubuntu-24-04-6-minimal-amd64-3',
      'r006-aa2af291-45b3-4f18-801c-8b7985e928f7',
    ),
    userData: '#cloud-config\npackages:\n  - nginx\nruncmd:\n  - systemctl enable --now nginx\n',
    known: {
      attachment: '0727-a3ff4d3e-be95-4a52-8025-b55b3c3285ea',
      attachmentName: 'eth0',
      virtualNetworkInterface: '0727-dda9244a-64b9-421b-87e9-70549a70b4c3',
      bootVolume: 'r006-9afd6e01-0466-4e7b-a38b-75bf39469a42',
      bootVolumeName: 'eat-client-poc-boot-1741289020000',
      bootAttachment: '0727-241f39a8-3573-4ebc-b512-33508eb970c9',
      bootAttachmentName: 'undaunted-starved-slander-galleria',
      bootDevice: '0727-241f39a8-3573-4ebc-b512-33508eb970c9-mzpzd',
    },
  })
  add({
    id: '0727_d7ff31ef-75ed-42c6-b0fb-a5837a63d722',
    name: 'my-virtual-server-3',
    zone: 'us-south-2',
    vpc: vpcOf('my-test-vpc'),
    address: '10.240.64.12',
    profile: 'bx2-2x8',
    created: Date.UTC(2025, 2, 6, 19, 58, 11),
    image: regional('us-south', 'image', 'ibm-redhat-9-2-minimal-amd64-5'),
  })
  add({
    name: 'web-1',
    zone: 'eu-de-1',
    vpc: vpcOf('frankfurt-vpc'),
    address: '10.243.0.4',
    profile: 'cx2-2x4',
    metadata: httpsTwo,
    image: regional('eu-de', 'image', 'ibm-debian-12-6-minimal-amd64-1'),
    resourceGroup: productionGroup,
    secondaryAttachment: true,
    secureBoot: true,
    trustedProfile: true,
    userData: '#!/bin/sh\necho "Grüße from $(hostname)" > /etc/motd\n',
  })
  add({
    name: 'web-2',
    zone: 'eu-de-2',
    vpc: vpcOf('frankfurt-vpc'),
    address: '10.243.64.4',
    profile: 'bx2d-4x16',
    image: regional('eu-de', 'image', 'ibm-rocky-linux-9-4-minimal-amd64-1'),
    resourceGroup: productionGroup,
    legacyInterfaces: true,
    placementGroup: regional('eu-de', 'placement-group', 'spread-hosts'),
    reservationPolicy: 'disabled',
  })
  // The same name as one in eu-de: names are unique within a region only.
  add({
    name: 'web-1',
    zone: 'jp-tok-1',
    vpc: vpcOf('tokyo-vpc'),
    address: '10.244.0.4',
    profile: 'bx2-4x16',
    metadata: httpOne,
    image: regional('jp-tok', 'image', 'ibm-ubuntu-22-04-5-minimal-amd64-1'),
    spot: true,
    trustedProfile: true,
    instanceGroup: regional('jp-tok', 'instance-group', 'web'),
    reservationPolicy: 'disabled',
  })
  add({
    name: 'batch-1',
    zone: 'jp-tok-3',
    vpc: vpcOf('tokyo-vpc'),
    address: '10.244.128.4',
    profile: 'mx2-4x32',
    status: 'stopped',
    image: regional('jp-tok', 'image', 'ibm-windows-server-2022-full-standard-amd64-18'),
    dedicatedHost: regional('jp-tok', 'dedicated-host', 'batch-host'),
    reservationPolicy: 'disabled',
  })
  add({
    name: 'train-1',
    zone: 'eu-gb-3',
    vpc: vpcOf('research-vpc'),
    address: '10.242.128.4',
    profile: 'gx3d-160x1792x8h100',
    metadata: {enabled: true, protocol: 'https', response_hop_limit: 1},
    clusterNetwork: regional('eu-gb', 'cluster-network', 'research-fabric'),
    reservation: regional('eu-gb', 'reservation', 'research-2026'),
    reservationPolicy: 'manual',
    licensedSoftware: true,
  })
  add({
    name: 'build-1',
    zone: 'au-syd-1',
    vpc: vpcOf('build-vpc'),
    address: '10.245.0.4',
    profile: 'bx2a-4x16',
    status: 'failed',
    image: regional('au-syd', 'image', 'ibm-ubuntu-24-04-6-minimal-amd64-3'),
  })

  const floatingIps: FloatingIpRecord[] = []
  const addFloatingIp = (name: string, address: string, zone: string, instance: string | undefined) => {
    const region = zone.slice(0, -2)
    const target = instances.find(each => each.region === region && each.name === instance)
    floatingIps.push({
      order: floatingIps.length + 1,
      id: regional(region, 'floating-ip', name).id,
      name,
      region,
      zone,
      address,
      created: Date.UTC(2025, 2, 7, 10, 0, floatingIps.length),
      resourceGroup: defaultsGroup,
      instance: target?.id,
    })
  }
  addFloatingIp('my-floating-ip-2', '169.47.94.48', 'us-south-2', 'my-virtual-server-2')
  addFloatingIp('my-floating-ip-3', '52.116.204.232', 'us-south-2', 'my-virtual-server-3')
  addFloatingIp('spare', '169.47.94.77', 'us-south-1', undefined)
  addFloatingIp('web-1-ip', '158.177.10.21', 'eu-de-1', 'web-1')
  addFloatingIp('web-2-ip', '158.177.10.22', 'eu-de-2', 'web-2')
  const ubuntu = 'ibm-ubuntu-24-04-6-minimal-amd64-3'
  const ubuntuIn = (region: string) =>
    instances.find(each => each.region === region && each.image?.name === ubuntu)?.image ??
    regional(region, 'image', ubuntu)
  const templates = defaultTemplates(vpcOf, ubuntuIn)
  return {instances, bareMetalServers: defaultBareMetal(vpcOf), templates, vpcs, floatingIps}
}
