import {usageError} from '../errors.ts'

/** Where vpcmd asks for the regions when nothing else is said (ibm-cloud-docs/vpc, vpc-endpoints.md). */
const defaultVpcUrl = 'https://us-south.iaas.cloud.ibm.com/v1'
/** ibm-cloud-docs: IAM's public address; the private one puts `private.` before the host. */
const defaultIamUrl = 'https://iam.cloud.ibm.com'

export interface Endpoints {
  /** The service URL, with /v1, at which the regions are asked. */
  vpcUrl: string
  iamUrl: string
}

/**
 * The two addresses from which everything else follows, from what users of IBM's SDK and of Terraform have set already.
 * Throws a usage error, exit 2, for a variable that holds no URL.
 */
export function findEndpoints(env: NodeJS.ProcessEnv, isPrivate: boolean): Endpoints {
  const vpcUrl =
    fromVariable(env, 'VPC_URL') ??
    fromVariable(env, 'IBMCLOUD_IS_NG_API_ENDPOINT') ??
    privately(defaultVpcUrl, isPrivate)
  const iamUrl =
    fromVariable(env, 'VPC_AUTH_URL') ??
    fromVariable(env, 'IBMCLOUD_IAM_API_ENDPOINT') ??
    privately(defaultIamUrl, isPrivate)
  return {
    vpcUrl: vpcUrl.endsWith('/v1') ? vpcUrl : `${vpcUrl}/v1`,
    // The SDK takes the URL with or without the path, and so do we.
    iamUrl: iamUrl.replace(/\/identity\/token$/, ''),
  }
}

function fromVariable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim()
  if (!value) return undefined
  const url = URL.canParse(value) ? new URL(value) : undefined
  // Before the value is shown: a URL's password is a secret.
  if (url?.username || url?.password || url?.search || url?.hash) {
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

/** True for an address on this machine, which no proxy has to be asked for. */
export function isLoopback(url: string): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname)
}
