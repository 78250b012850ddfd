import {createHash} from 'node:crypto'

/** A JSON object as it goes over the wire: nothing about it is certain. */
export type Row = Record<string, unknown>

export interface Settings {
  enabled: boolean
  protocol: string
  response_hop_limit: number
}

/** What one region holds. */
export interface Place {
  instances: Row[]
  floatingIps: Row[]
  vpcs: Row[]
  templates: Row[]
  bareMetalServers: Row[]
  images: Row[]
}

/** What the fake cloud holds: a row may bend any of it before vpcmd starts. */
export interface World {
  origin: string
  regions: Row[]
  places: Map<string, Place>
  /** The other accounts of the enterprise, by ID, each with a fleet of its own. */
  others: Map<string, World>
  /** The accounts as the enterprise lists them. */
  accounts: Row[]
  /** The tags of servers, by ID. */
  tags: Map<string, Row>
}

/** The account of the key. */
export const account = 'a7654321'
/** Two more accounts of its enterprise. */
export const [second, third] = ['b7654321', 'c7654321'] as const
/** A user tag of alpha, bravo, echo and foxtrot. */
export const prod = 'env:prod'
export const resourceGroup = {
  href: 'https://resource-controller.cloud.ibm.com/v2/resource_groups/6edefe513d934fdd872e78ee6a8e73ef',
  id: '6edefe513d934fdd872e78ee6a8e73ef',
  name: 'defaults',
}

/** A UUID that is the same for the same seed. */
export function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The ID of the instance of this name, in the form of IBM's: the zone's number, an underscore, a UUID. */
export function instanceIdOf(name: string): string {
  return `0717_${uuidOf(`instance ${name}`)}`
}

/** A VPC of a region, as the API sends it. */
export function makeVpc(origin: string, region: string, name: string): Row {
  const id = `r006-${uuidOf(`vpc ${name}`)}`
  const partOf = (kind: string, path: string) => {
    const of = `r006-${uuidOf(`${kind} ${name}`)}`
    return {
      crn: `crn:v1:bluemix:public:is:${region}:a/${account}::${kind}:${of}`,
      href: `${origin}/${region}/v1/${path}/${of}`,
      id: of,
      name: `${name}-${kind}`,
    }
  }
  return {
    classic_access: false,
    created_at: '2025-03-01T12:00:00.000Z',
    crn: `crn:v1:bluemix:public:is:${region}:a/${account}::vpc:${id}`,
    cse_source_ips: [],
    default_network_acl: partOf('network-acl', 'network_acls'),
    default_routing_table: {...partOf('routing-table', `vpcs/${id}/routing_tables`), resource_type: 'routing_table'},
    default_security_group: partOf('security-group', 'security_groups'),
    dns: {enable_hub: false, resolution_binding_count: 0, resolver: {servers: [], type: 'system'}},
    health_reasons: [],
    health_state: 'ok',
    href: `${origin}/${region}/v1/vpcs/${id}`,
    id,
    name,
    public_address_ranges: [],
    resource_group: resourceGroup,
    resource_type: 'vpc',
    status: 'available',
  }
}

function referenceTo(vpc: Row): Row {
  return {crn: vpc.crn, href: vpc.href, id: vpc.id, name: vpc.name, resource_type: 'vpc'}
}

/** An instance with every field that IBM's types say is always there, and the usual optional ones. */
export function makeInstance(origin: string, region: string, vpc: Row, name: string, settings: Settings): Row {
  const id = instanceIdOf(name)
  const zone = `${region}-1`
  const base = `${origin}/${region}/v1`
  const href = `${base}/instances/${id}`
  const address = `10.240.0.${4 + (Number.parseInt(uuidOf(name).slice(0, 2), 16) % 200)}`
  const nic = `0717-${uuidOf(`nic ${name}`)}`
  const subnetId = `0717-${uuidOf(`subnet ${region}`)}`
  const crnOf = (kind: string, of: string) => `crn:v1:bluemix:public:is:${zone}:a/${account}::${kind}:${of}`
  const subnet = {
    crn: crnOf('subnet', subnetId),
    href: `${base}/subnets/${subnetId}`,
    id: subnetId,
    name: 'subnet-1',
    resource_type: 'subnet',
  }
  const ipId = `0717-${uuidOf(`ip ${name}`)}`
  const primaryIp = {
    address,
    href: `${subnet.href}/reserved_ips/${ipId}`,
    id: ipId,
    name: 'ip-1',
    resource_type: 'subnet_reserved_ip',
  }
  const vni = `0717-${uuidOf(`vni ${name}`)}`
  const attachment = {
    href: `${href}/network_attachments/${nic}`,
    id: nic,
    name: 'eth0',
    primary_ip: primaryIp,
    resource_type: 'instance_network_attachment',
    subnet,
    virtual_network_interface: {
      crn: crnOf('virtual-network-interface', vni),
      href: `${base}/virtual_network_interfaces/${vni}`,
      id: vni,
      name: 'vni-1',
      resource_type: 'virtual_network_interface',
    },
  }
  const nicReference = {
    href: `${href}/network_interfaces/${nic}`,
    id: nic,
    name: 'eth0',
    primary_ip: primaryIp,
    resource_type: 'network_interface',
    subnet,
  }
  const volumeId = `r006-${uuidOf(`volume ${name}`)}`
  const attachmentId = `0717-${uuidOf(`attachment ${name}`)}`
  const boot = {
    device: {id: `${attachmentId}-26fb4`},
    href: `${href}/volume_attachments/${attachmentId}`,
    id: attachmentId,
    name: 'boot',
    volume: {
      crn: crnOf('volume', volumeId),
      href: `${base}/volumes/${volumeId}`,
      id: volumeId,
      name: `${name}-boot`,
      resource_type: 'volume',
    },
  }
  const imageId = `r006-${uuidOf('image ubuntu')}`
  return {
    availability: {class: 'standard'},
    availability_policy: {host_failure: 'restart', preemption: 'stop'},
    bandwidth: 4000,
    boot_volume_attachment: boot,
    cluster_network_attachments: [],
    confidential_compute_mode: 'disabled',
    created_at: '2025-03-06T18:51:40.000Z',
    crn: crnOf('instance', id),
    disks: [],
    enable_secure_boot: false,
    health_reasons: [],
    health_state: 'ok',
    href,
    id,
    image: {
      crn: `crn:v1:bluemix:public:is:${region}:a/${account}::image:${imageId}`,
      href: `${base}/images/${imageId}`,
      id: imageId,
      name: 'ibm-ubuntu-24-04-2-minimal-amd64-1',
      resource_type: 'image',
    },
    lifecycle_reasons: [],
    lifecycle_state: 'stable',
    memory: 8,
    metadata_service: {...settings},
    name,
    network_attachments: [attachment],
    network_interfaces: [nicReference],
    numa_count: 1,
    primary_network_attachment: attachment,
    primary_network_interface: nicReference,
    profile: {href: `${base}/instance/profiles/bx2-2x8`, name: 'bx2-2x8', resource_type: 'instance_profile'},
    reservation_affinity: {policy: 'automatic', pool: []},
    resource_group: resourceGroup,
    resource_type: 'instance',
    startable: true,
    status: 'running',
    status_reasons: [],
    total_network_bandwidth: 3000,
    total_volume_bandwidth: 1000,
    vcpu: {architecture: 'amd64', count: 2, manufacturer: 'intel', percentage: 100},
    volume_attachments: [boot],
    volume_bandwidth_qos_mode: 'weighted',
    vpc: referenceTo(vpc),
    zone: {href: `${base}/regions/${region}/zones/${zone}`, name: zone},
  }
}

/** A floating IP that belongs to the primary network attachment of an instance. */
export function makeFloatingIp(origin: string, region: string, instance: Row, address: string): Row {
  const id = `r006-${uuidOf(`fip ${address}`)}`
  const attachment = instance.primary_network_attachment as Row
  return {
    address,
    created_at: '2025-03-06T18:51:40.000Z',
    crn: `crn:v1:bluemix:public:is:${region}-1:a/${account}::floating-ip:${id}`,
    href: `${origin}/${region}/v1/floating_ips/${id}`,
    id,
    name: `fip-${address.replaceAll('.', '-')}`,
    resource_group: resourceGroup,
    status: 'available',
    target: attachment.virtual_network_interface,
    zone: {href: `${origin}/${region}/v1/regions/${region}/zones/${region}-1`, name: `${region}-1`},
  }
}

/** An instance template with these settings. */
export function makeTemplate(origin: string, region: string, vpc: Row, name: string, settings: Settings): Row {
  const id = `0717-${uuidOf(`template ${name}`)}`
  return {
    boot_volume_attachment: {
      delete_volume_on_instance_delete: true,
      volume: {capacity: 100, name: `${name}-boot`, profile: {name: 'general-purpose'}},
    },
    created_at: '2025-04-01T12:00:00.000Z',
    crn: `crn:v1:bluemix:public:is:${region}-1:a/${account}::instance-template:${id}`,
    href: `${origin}/${region}/v1/instance/templates/${id}`,
    id,
    image: {id: `r006-${uuidOf('image ubuntu')}`},
    keys: [],
    metadata_service: {...settings},
    name,
    profile: {name: 'bx2-2x8'},
    resource_group: resourceGroup,
    vpc: {id: vpc.id},
    zone: {name: `${region}-1`},
  }
}

/** A bare metal server; its metadata service has no hop limit. */
export function makeBareMetalServer(origin: string, region: string, vpc: Row, name: string): Row {
  const like = makeInstance(origin, region, vpc, name, {enabled: true, protocol: 'https', response_hop_limit: 1})
  const id = `0717-${uuidOf(`bare metal ${name}`)}`
  const href = `${origin}/${region}/v1/bare_metal_servers/${id}`
  const disk = {href: `${href}/disks/1`, id: 'disk-1', name: 'disk-1', resource_type: 'bare_metal_server_disk'}
  return {
    bandwidth: 100000,
    boot_target: disk,
    cpu: {architecture: 'amd64', core_count: 48, socket_count: 2, threads_per_core: 2},
    created_at: '2025-04-20T07:01:00.000Z',
    crn: `crn:v1:bluemix:public:is:${region}-1:a/${account}::bare-metal-server:${id}`,
    disks: [{...disk, created_at: '2025-04-20T07:01:00.000Z', interface_type: 'sata', size: 960}],
    enable_secure_boot: false,
    firmware: {update: 'none'},
    health_reasons: [],
    health_state: 'ok',
    href,
    id,
    lifecycle_reasons: [],
    lifecycle_state: 'stable',
    memory: 384,
    metadata_service: {enabled: true, protocol: 'https'},
    name,
    network_interfaces: like.network_interfaces,
    primary_network_interface: like.primary_network_interface,
    profile: {
      href: `${origin}/${region}/v1/bare_metal_server/profiles/bx2d-metal-96x384`,
      name: 'bx2d-metal-96x384',
      resource_type: 'bare_metal_server_profile',
    },
    reservation_affinity: {policy: 'disabled', pool: []},
    resource_group: resourceGroup,
    resource_type: 'bare_metal_server',
    status: 'running',
    status_reasons: [],
    trusted_platform_module: {enabled: false, mode: 'disabled', supported_modes: ['disabled', 'tpm_2']},
    vpc: referenceTo(vpc),
    zone: like.zone,
  }
}

function makeImage(origin: string, region: string): Row {
  const id = `r006-${uuidOf('image ubuntu')}`
  return {
    allowed_use: {api_version: '2026-03-24', bare_metal_server: 'true', instance: 'true'},
    catalog_offering: {managed: false},
    created_at: '2025-01-01T00:00:00.000Z',
    crn: `crn:v1:bluemix:public:is:${region}:a/${account}::image:${id}`,
    encryption: 'none',
    file: {size: 2},
    href: `${origin}/${region}/v1/images/${id}`,
    id,
    name: 'ibm-ubuntu-24-04-2-minimal-amd64-1',
    operating_system: {
      allow_user_image_creation: true,
      architecture: 'amd64',
      dedicated_host_only: false,
      display_name: 'Ubuntu Linux 24.04',
      family: 'Ubuntu Linux',
      href: `${origin}/${region}/v1/operating_systems/ubuntu-24-04-amd64`,
      name: 'ubuntu-24-04-amd64',
      user_data_format: 'cloud_init',
      vendor: 'Canonical',
      version: '24.04',
    },
    resource_group: resourceGroup,
    resource_type: 'image',
    status: 'available',
    status_reasons: [],
    user_data_format: 'cloud_init',
    visibility: 'public',
  }
}

export const off: Settings = {enabled: false, protocol: 'http', response_hop_limit: 1}
export const secure: Settings = {enabled: true, protocol: 'https', response_hop_limit: 1}

/** A region as GET /regions lists it; its service is at its endpoint + /v1. */
export function makeRegion(origin: string, name: string): Row {
  return {endpoint: `${origin}/${name}`, href: `${origin}/v1/regions/${name}`, name, status: 'available'}
}

/**
 * An account and others beside it. It has two regions of two instances each, a template and a bare metal server, of which everything satisfies the built-in
 * policy: alpha (off) and bravo (https/1) in us-south, charlie (https/1) and delta (off, stopped) in eu-de.
 */
export function makeWorld(origin: string): World {
  const others = new Map([
    [second, makeOther(origin, second, 'echo', 'foxtrot')],
    [third, makeOther(origin, third, 'golf', 'hotel')],
  ])
  const tagged = (...user: string[]): Row => ({tags: user, access_tags: [], service_tags: []})
  return {
    ...makeFleet(origin),
    others,
    accounts: [account, second, third].map(id => ({
      id,
      crn: `crn:v1:bluemix:public:enterprise::a/${account}::account:${id}`,
      parent: `crn:v1:bluemix:public:enterprise::a/${account}::enterprise:e1`,
      name: `team-${id.charAt(0)}`,
      // The third is one that nobody may be asked about, but where a trial has it active.
      state: id === third ? 'SUSPENDED' : 'ACTIVE',
      is_enterprise_account: id === account,
    })),
    tags: new Map([
      ...['alpha', 'bravo', 'echo', 'foxtrot', 'golf', 'hotel'].map(
        name => [instanceIdOf(name), tagged(prod)] as const,
      ),
      [instanceIdOf('charlie'), tagged('env:dev', 'schematics:us-east.workspace.web.bfdd0e2d')],
    ]),
  }
}

/** What the account holds; what the key's own does where it is none of the others. */
export function worldOf(world: World, id: string | undefined): Pick<World, 'places'> {
  return (id !== undefined && world.others.get(id)) || world
}

/** Another account: an instance whose service is off, and a secure one, both in us-south. */
function makeOther(origin: string, id: string, insecure: string, secured: string): World {
  const vpc = makeVpc(origin, 'us-south', `${id}-vpc`)
  const instances = [
    makeInstance(origin, 'us-south', vpc, insecure, off),
    makeInstance(origin, 'us-south', vpc, secured, secure),
  ]
  const empty = {floatingIps: [], templates: [], bareMetalServers: [], images: [makeImage(origin, 'us-south')]}
  const own = JSON.parse(JSON.stringify({instances, vpcs: [vpc]}).replaceAll(account, id)) as Pick<
    Place,
    'instances' | 'vpcs'
  >
  const places = new Map([
    ['us-south', {...empty, ...own}],
    ['eu-de', {...empty, instances: [], vpcs: []}],
  ])
  return {origin, regions: [], places, others: new Map(), accounts: [], tags: new Map()}
}

function makeFleet(origin: string): Pick<World, 'origin' | 'regions' | 'places'> {
  const south = makeVpc(origin, 'us-south', 'south-vpc')
  const central = makeVpc(origin, 'eu-de', 'central-vpc')
  const alpha = makeInstance(origin, 'us-south', south, 'alpha', off)
  const bravo = makeInstance(origin, 'us-south', south, 'bravo', secure)
  const charlie = makeInstance(origin, 'eu-de', central, 'charlie', secure)
  const delta = {...makeInstance(origin, 'eu-de', central, 'delta', off), status: 'stopped'}
  return {
    origin,
    regions: [makeRegion(origin, 'us-south'), makeRegion(origin, 'eu-de')],
    places: new Map([
      [
        'us-south',
        {
          instances: [alpha, bravo],
          floatingIps: [makeFloatingIp(origin, 'us-south', alpha, '169.47.94.48')],
          vpcs: [south],
          templates: [makeTemplate(origin, 'us-south', south, 'hardened-template', secure)],
          bareMetalServers: [],
          images: [makeImage(origin, 'us-south')],
        },
      ],
      [
        'eu-de',
        {
          instances: [charlie, delta],
          floatingIps: [makeFloatingIp(origin, 'eu-de', charlie, '158.177.10.21')],
          vpcs: [central],
          templates: [],
          bareMetalServers: [makeBareMetalServer(origin, 'eu-de', central, 'database')],
          images: [makeImage(origin, 'eu-de')],
        },
      ],
    ]),
  }
}

/** What a region holds; a region that is not there is a mistake of the row. */
export function placeOf(world: World, region: string): Place {
  const place = world.places.get(region)
  if (!place) throw new Error(`The fake cloud has no region ${region}.`)
  return place
}

/** The instance of this name, wherever it is. */
export function instanceNamed(world: World, name: string): Row {
  for (const place of [world, ...world.others.values()].flatMap(each => [...each.places.values()]))
    for (const instance of place.instances) if (instance.id === instanceIdOf(name)) return instance
  throw new Error(`The fake cloud has no instance ${name}.`)
}

/** Adds an instance to us-south, which `edit` may make odd, and hands it back. */
export function addInstance(world: World, name: string, settings: Settings = off, edit?: (row: Row) => void): Row {
  const place = placeOf(world, 'us-south')
  const vpc = place.vpcs[0]
  if (!vpc) throw new Error('us-south has no VPC.')
  const instance = makeInstance(world.origin, 'us-south', vpc, name, settings)
  edit?.(instance)
  place.instances.push(instance)
  return instance
}
