import {usageError} from '../errors.ts'
import {linkLocalAddress, metadataHost} from './transport.ts'

/** Where vpcmd asks for the regions when nothing else is said (ibm-cloud-docs/vpc, vpc-endpoints.md). */
const defaultVpcUrl = 'https://us-south.iaas.cloud.ibm.com/v1'
/** ibm-cloud-docs: IAM's public address; the private one puts `private.` before the host. */
const defaultIamUrl = 'https://iam.cloud.ibm.com'
/** All endpoints of the VPC API, public and private, of all regions (ibm-cloud-docs/vpc, vpc-endpoints.md). */
const vpcDomain = '.iaas.cloud.ibm.com'
/** All endpoints of IAM, public and private (ibm-cloud-docs/account, and privately below). */
const iamDomain = '.iam.cloud.ibm.com'
/** All that is IBM Cloud's, its consoles and services. */
const cloudDomain = '.cloud.ibm.com'
const privateVpcDomain = '.private.iaas.cloud.ibm.com'

/**
 * The services beside the VPC API and IAM: the variables that IBM's SDK and IBM's Terraform provider have for their addresses,
 * and the addresses (IBM/platform-services-node-sdk; IBM-Cloud/terraform-provider-ibm, ibm/conns/config.go).
 */
const services = {
  search: {
    name: 'Global Search',
    variables: ['GLOBAL_SEARCH_URL', 'IBMCLOUD_GS_API_ENDPOINT'],
    url: 'https://api.global-search-tagging.cloud.ibm.com',
    privateUrl: 'https://api.private.us-south.global-search-tagging.cloud.ibm.com',
  },
  tagging: {
    name: 'Global Tagging',
    variables: ['GLOBAL_TAGGING_URL', 'IBMCLOUD_GT_API_ENDPOINT'],
    url: 'https://tags.global-search-tagging.cloud.ibm.com',
    privateUrl: 'https://tags.private.us-south.global-search-tagging.cloud.ibm.com',
  },
  enterprise: {
    name: 'Enterprise Management',
    variables: ['ENTERPRISE_MANAGEMENT_URL', 'IBMCLOUD_ENTERPRISE_API_ENDPOINT'],
    url: 'https://enterprise.cloud.ibm.com/v1',
    privateUrl: 'https://private.us-south.enterprise.cloud.ibm.com/v1',
  },
}
export type ServiceName = keyof typeof services

export interface Endpoints {
  /** The service URL, with /v1, at which the regions are asked. */
  vpcUrl: string
  iamUrl: string
  /** Whether private endpoints are meant: as the flag says, or as a private VPC_URL does. */
  isPrivate: boolean
  /** The service URLs of other services, where they are known. */
  services?: Partial<Record<ServiceName, string>>
}

/**
 * The two addresses from which everything else follows, from what users of IBM's SDK and of Terraform have set already.
 * Throws a usage error, exit 2, for a variable that holds no URL.
 */
export function findEndpoints(env: NodeJS.ProcessEnv, asksPrivate: boolean): Endpoints {
  const given = fromVariable(env, 'VPC_URL') ?? fromVariable(env, 'IBMCLOUD_IS_NG_API_ENDPOINT')
  const isPrivate = asksPrivate || (given !== undefined && new URL(given).hostname.endsWith(privateVpcDomain))
  const vpcUrl = given ?? privately(defaultVpcUrl, isPrivate)
  const authUrl = fromVariable(env, 'VPC_AUTH_URL')
  const iamUrl =
    // IBM's SDK has the metadata service's address there, too (IBM/node-sdk-core, Authentication.md): IAM is elsewhere.
    (authUrl !== undefined && isMetadataService(authUrl) ? undefined : authUrl) ??
    fromVariable(env, 'IBMCLOUD_IAM_API_ENDPOINT') ??
    privately(defaultIamUrl, isPrivate)
  return {
    vpcUrl: vpcUrl.endsWith('/v1') ? vpcUrl : `${vpcUrl}/v1`,
    // The SDK takes the URL with or without the path, and so do we.
    iamUrl: iamUrl.replace(/\/identity\/token$/, ''),
    isPrivate,
    services: Object.fromEntries(
      Object.entries(services).map(([service, {variables, url, privateUrl}]) => {
        const given = variables.map(name => fromVariable(env, name)).find(Boolean)
        // IBM's own address is for tokens of IBM's own IAM alone.
        const own = isIn(iamDomain, iamUrl) ? (isPrivate ? privateUrl : url) : undefined
        return [service, given ?? own]
      }),
    ),
  }
}

/** What a service beside the VPC API is called, and the variable of its address. */
export function serviceWords(service: ServiceName): {name: string; variable: string} {
  const {name, variables} = services[service]
  return {name, variable: variables[0] ?? ''}
}

/** The service URL of a service beside the VPC API. Throws a usage error, exit 2, where none is known that the token may be sent to. */
export function serviceUrl(endpoints: Endpoints, service: ServiceName): string {
  const url = endpoints.services?.[service]
  if (url !== undefined) return url
  const {name, variables} = services[service]
  throw usageError(
    `The address of ${name} is not known: ${new URL(endpoints.iamUrl).host}, which gives the tokens, is not IBM Cloud's own IAM.`,
    `Set ${variables[0]}.`,
  )
}

function fromVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim()
  if (!value) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  // Before the value is shown: a password is a secret, also in what is no URL.
  if (value.includes('@') || url?.search || url?.hash) {
    throw usageError(`${name} may not hold a user, a query or a fragment.`)
  }
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw usageError(`${name} is not a URL: ${value}`, 'It takes one such as https://us-south.iaas.cloud.ibm.com/v1.')
  }
  return value.replace(/\/+$/, '')
}

/** A public endpoint of IBM Cloud's as its private twin; any other URL as it is (ibm-cloud-docs/vpc, vpc-endpoints.md). */
export function privately(url: string, isPrivate: boolean): string {
  if (!isPrivate) return url
  return url
    .replace(/^(https:\/\/[a-z0-9-]+)\.iaas\.cloud\.ibm\.com/, '$1.private.iaas.cloud.ibm.com')
    .replace(/^https:\/\/iam\.cloud\.ibm\.com/, 'https://private.iam.cloud.ibm.com')
}

/** True for the metadata service of the instance that vpcmd runs on. */
export function isMetadataService(url: string): boolean {
  return [linkLocalAddress, metadataHost].includes(new URL(url).hostname)
}

/** True for an address on this machine, which no proxy has to be asked for. */
export function isLoopback(url: string): boolean {
  const {hostname} = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/**
 * Throws a usage error for a URL to which a key or a token would go in plain text: over http, to another host than this
 * machine or its metadata service. `insists` is the user's own word that it is meant.
 */
export function checkSecure(url: string, insists: boolean): void {
  const {protocol, host} = new URL(url)
  if (insists || protocol === 'https:' || isLoopback(url) || isMetadataService(url)) return
  throw usageError(
    `${host} is asked over http: anyone in between could read the credentials. Nothing was sent.`,
    'Use https. If it is meant, pass --allow-http.',
  )
}

/**
 * Why a token that is meant for `asker`, a service URL of the VPC API or of IAM, is not sent to `other`; undefined where it
 * may be: the same host, or both of the same domain of IBM Cloud's own, and no step down from https.
 */
export function whyOtherCloud(asker: string, other: string): string | undefined {
  const from = new URL(asker)
  const url = URL.canParse(other) ? new URL(other) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return 'it is no URL'
  if (url.username || url.password || url.search || url.hash) return 'it holds a user, a query or a fragment'
  if (from.protocol === 'https:' && url.protocol !== 'https:') return `it is not over https, as ${from.host} is`
  const isSameCloud = url.host === from.host || [vpcDomain, iamDomain].some(domain => isIn(domain, asker, other))
  return isSameCloud ? undefined : `${url.host} is not of the same cloud as ${from.host}`
}

function isIn(domain: string, ...urls: string[]): boolean {
  return urls.every(url => `.${new URL(url).hostname}`.endsWith(domain))
}

/**
 * Throws a usage error for the address of a service beside the VPC API that is not IBM Cloud's, where the token is one that
 * IBM Cloud's IAM at `issuer` gave to another program.
 */
export function checkServiceOfLogin(issuer: string, url: string, service: ServiceName): void {
  if (!isIn(iamDomain, issuer) || isIn(cloudDomain, url)) return
  const {name, variable} = serviceWords(service)
  throw usageError(
    `The login of ibmcloud is not sent to ${name}: it is IBM Cloud's, and ${new URL(url).host} of ${variable} is not.`,
    `Unset ${variable}, or use an API key.`,
  )
}

/**
 * Throws a usage error where a token that IAM at `issuer` gave to another program would go to another cloud: that program
 * says nothing of where vpcmd may send it, and VPC_URL was meant for other credentials, maybe.
 */
export function checkSameCloud(issuer: string, {iamUrl, vpcUrl}: Endpoints): void {
  const why =
    whyOtherCloud(iamUrl, issuer) ??
    (isIn(iamDomain, issuer) && !isIn(vpcDomain, vpcUrl)
      ? `it is IBM Cloud's, and ${new URL(vpcUrl).host} of VPC_URL is not`
      : undefined)
  if (why === undefined) return
  throw usageError(
    `The login of ibmcloud is not used, because of its IAM endpoint: ${why}. Nothing was sent.`,
    'Run: ibmcloud login -a cloud.ibm.com. Or set VPC_URL and VPC_AUTH_URL to the cloud that is meant.',
  )
}
