import {asReference, fields, flag, list, type Raw, type Reference, reference, text} from './fields.ts'
import {readSettings, readTemplateSettings, type Settings} from './settings.ts'

// The resources around instances, each as far as the API told it: what is undefined was missing, null or of another type.

export interface BareMetalServer {
  id: string
  name?: string
  crn?: string
  status?: string
  /** Without a hop limit. */
  settings: Settings
  profile?: string
  vpc?: Reference
  zone?: string
  resourceGroup?: Reference
}

/** Reads a bare metal server of which the ID is known. */
export function readBareMetalServer(raw: Raw, id: string): BareMetalServer {
  return {
    id,
    name: text(raw, 'name'),
    crn: text(raw, 'crn'),
    status: text(raw, 'status'),
    settings: readSettings(raw, 'bare_metal_server'),
    profile: text(fields(raw.profile), 'name'),
    vpc: reference(raw, 'vpc'),
    zone: text(fields(raw.zone), 'name'),
    resourceGroup: reference(raw, 'resource_group'),
  }
}

export interface InstanceTemplate {
  id: string
  name?: string
  crn?: string
  resourceGroup?: Reference
  /**
   * What holds for the instances that are made of it: what the template leaves out is the API's default, what it tells in
   * another type than the API's is not known.
   */
  settings: Settings
  profile?: string
  image?: Reference
  vpc?: Reference
  zone?: string
}

/** Reads an instance template of which the ID is known. */
export function readInstanceTemplate(raw: Raw, id: string): InstanceTemplate {
  return {
    id,
    name: text(raw, 'name'),
    crn: text(raw, 'crn'),
    resourceGroup: reference(raw, 'resource_group'),
    settings: readTemplateSettings(raw),
    profile: identityIn(raw, 'profile', 'name'),
    image: referenceById(raw, 'image'),
    vpc: referenceById(raw, 'vpc'),
    zone: identityIn(raw, 'zone', 'name'),
  }
}

function referenceById(raw: Raw, name: string): Reference | undefined {
  const id = identityIn(raw, name, 'id')
  return id === undefined ? undefined : {id, isDeleted: false}
}

/** What the API calls an identity: by name or ID, by CRN, or by href, of which the last part says the same. */
function identityIn(raw: Raw, name: string, key: 'id' | 'name'): string | undefined {
  const identity = fields(raw[name])
  return text(identity, key) ?? text(identity, 'crn')?.split(':').at(-1) ?? text(identity, 'href')?.split('/').at(-1)
}

export interface Region {
  name: string
  endpoint?: string
  status?: string
}

/** Reads a region of which the name is known. */
export function readRegion(raw: Raw, name: string): Region {
  return {name, endpoint: text(raw, 'endpoint'), status: text(raw, 'status')}
}

export interface Named {
  id: string
  name?: string
}

/** Reads the name of a resource of which the ID is known. */
export function readNamed(raw: Raw, id: string): Named {
  return {id, name: text(raw, 'name')}
}

export interface FloatingIp {
  id: string
  name?: string
  address?: string
  /** The ID of what it is bound to: a virtual network interface, a network interface, or something else. */
  targetId?: string
}

/** Reads a floating IP of which the ID is known. */
export function readFloatingIp(raw: Raw, id: string): FloatingIp {
  return {id, name: text(raw, 'name'), address: text(raw, 'address'), targetId: text(fields(raw.target), 'id')}
}

export interface Image {
  id: string
  name?: string
  operatingSystem: {name?: string; family?: string}
}

/** Reads an image of which the ID is known. */
export function readImage(raw: Raw, id: string): Image {
  const system = fields(raw.operating_system)
  return {id, name: text(raw, 'name'), operatingSystem: {name: text(system, 'name'), family: text(system, 'family')}}
}

export interface Subnet {
  id: string
  name?: string
  vpc?: Reference
  zone?: string
}

/** Reads a subnet of which the ID is known. */
export function readSubnet(raw: Raw, id: string): Subnet {
  return {id, name: text(raw, 'name'), vpc: reference(raw, 'vpc'), zone: text(fields(raw.zone), 'name')}
}

/** What a network interface of either kind has beside what its instance shows. */
export interface PortDetails {
  id: string
  securityGroups: Reference[]
  allowIpSpoofing?: boolean
  protocolStateFilteringMode?: string
  /** How many reserved IPs it has, the primary one among them; undefined where that was not told. */
  ipCount?: number
  infrastructureNat?: boolean
}

/** Reads a virtual network interface, or a network interface, of which the ID is known. */
export function readPortDetails(raw: Raw, id: string): PortDetails {
  return {
    id,
    securityGroups: (list(raw, 'security_groups', asReference) ?? []).filter(each => each !== undefined),
    allowIpSpoofing: flag(raw, 'allow_ip_spoofing'),
    protocolStateFilteringMode: text(raw, 'protocol_state_filtering_mode'),
    ipCount: Array.isArray(raw.ips) ? raw.ips.length : undefined,
    infrastructureNat: flag(raw, 'enable_infrastructure_nat'),
  }
}

/** What an instance was given at its creation, as far as the API tells: user data is not in it (IBM/vpc-node-sdk, vpc/v1.ts, InstanceInitialization). */
export interface InstanceInitialization {
  /** The API's own object, as it came, for JSON output alone. */
  api: Raw
  keys: (Reference & {fingerprint?: string})[]
  trustedProfile?: {autoLink?: boolean; target?: Reference}
  password?: SealedPassword
}

export interface SealedPassword {
  encrypted: string
  /** Of the key that opens it. */
  fingerprint?: string
}

/** Reads the initialization of an instance. */
export function readInitialization(raw: Raw): InstanceInitialization {
  const profile = fields(raw.default_trusted_profile)
  const target = reference(profile, 'target')
  const password = fields(raw.password)
  const encrypted = text(password, 'encrypted_password')
  return {
    api: raw,
    keys: (list(raw, 'keys', readKey) ?? []).filter(each => each !== undefined),
    ...((target || flag(profile, 'auto_link') !== undefined) && {
      trustedProfile: {autoLink: flag(profile, 'auto_link'), target},
    }),
    ...(encrypted !== undefined && {
      password: {encrypted, fingerprint: text(fields(password.encryption_key), 'fingerprint')},
    }),
  }
}

function readKey(raw: Raw): (Reference & {fingerprint?: string}) | undefined {
  const key = asReference(raw)
  return key && {...key, fingerprint: text(raw, 'fingerprint')}
}
