import {
  asReference,
  countOf,
  fields,
  flag,
  list,
  type Raw,
  type ReadBy,
  type Reference,
  reference,
  references,
  text,
} from './fields.ts'
import {readSettings, readTemplateSettings} from './settings.ts'

// The resources around instances, each as far as the API told it: what is undefined was missing, null or of another type.
// A reader of a row is called with the row's ID, or with its name where that identifies it.

export type BareMetalServer = ReadBy<typeof readBareMetalServer>

export function readBareMetalServer(raw: Raw, id: string) {
  return {
    id,
    name: text(raw, 'name'),
    crn: text(raw, 'crn'),
    status: text(raw, 'status'),
    settings: readSettings(raw, 'bare_metal_server'),
    profile: text(raw, 'profile', 'name'),
    vpc: reference(raw, 'vpc'),
    zone: text(raw, 'zone', 'name'),
    resourceGroup: reference(raw, 'resource_group'),
  }
}

export type InstanceTemplate = ReadBy<typeof readInstanceTemplate>

export function readInstanceTemplate(raw: Raw, id: string) {
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

/** What the API calls an identity: a name or an ID, a CRN, or an href whose last part says the same. */
function identityIn(raw: Raw, name: string, key: 'id' | 'name'): string | undefined {
  const identity = fields(raw[name])
  return text(identity, key) ?? text(identity, 'crn')?.split(':').at(-1) ?? text(identity, 'href')?.split('/').at(-1)
}

export type ListedRegion = ReadBy<typeof readRegion>

export function readRegion(raw: Raw, name: string) {
  return {name, endpoint: text(raw, 'endpoint'), status: text(raw, 'status')}
}

export function readNamed(raw: Raw, id: string): {id: string; name?: string} {
  return {id, name: text(raw, 'name')}
}

export type FloatingIp = ReadBy<typeof readFloatingIp>

export function readFloatingIp(raw: Raw, id: string) {
  return {
    id,
    name: text(raw, 'name'),
    address: text(raw, 'address'),
    /** The ID of what it is bound to: a virtual network interface, a network interface, or something else. */
    targetId: text(raw, 'target', 'id'),
  }
}

export function readImage(raw: Raw, id: string) {
  return {
    id,
    name: text(raw, 'name'),
    operatingSystem: {name: text(raw, 'operating_system', 'name'), family: text(raw, 'operating_system', 'family')},
  }
}

export function readSubnet(raw: Raw, id: string) {
  return {id, name: text(raw, 'name'), vpc: reference(raw, 'vpc'), zone: text(raw, 'zone', 'name')}
}

export type PortDetails = ReadBy<typeof readPortDetails>

/** Reads what a virtual network interface, or a network interface, has beside what its instance shows. */
export function readPortDetails(raw: Raw, id: string) {
  return {
    id,
    securityGroups: references(raw, 'security_groups'),
    allowIpSpoofing: flag(raw, 'allow_ip_spoofing'),
    protocolStateFilteringMode: text(raw, 'protocol_state_filtering_mode'),
    /** How many reserved IPs it has, the primary one among them. */
    ipCount: countOf(raw, 'ips'),
    infrastructureNat: flag(raw, 'enable_infrastructure_nat'),
  }
}

export type InstanceInitialization = ReadBy<typeof readInitialization>

export interface SealedPassword {
  encrypted: string
  /** Of the key that opens it. */
  fingerprint?: string
}

/** Reads what an instance was given at its creation: user data is not in it (IBM/vpc-node-sdk, vpc/v1.ts, InstanceInitialization). */
export function readInitialization(raw: Raw) {
  const autoLink = flag(raw, 'default_trusted_profile', 'auto_link')
  const target = reference(raw, 'default_trusted_profile', 'target')
  const encrypted = text(raw, 'password', 'encrypted_password')
  const password: SealedPassword | undefined =
    encrypted === undefined
      ? undefined
      : {encrypted, fingerprint: text(raw, 'password', 'encryption_key', 'fingerprint')}
  return {
    /** The API's own object, as it came, for JSON output alone. */
    api: raw,
    keys: (list(raw, 'keys', readKey) ?? []).filter(each => each !== undefined),
    trustedProfile: target || autoLink !== undefined ? {autoLink, target} : undefined,
    password,
  }
}

function readKey(raw: Raw) {
  const key = asReference(raw)
  return key && {...key, fingerprint: text(raw, 'fingerprint')}
}
