import {fieldsOfCrn} from '../cloud/crn.ts'
import {usageError} from '../errors.ts'

/** How a user named something: by ID, by name or by CRN. */
export type ResourceRef =
  | {kind: 'id'; id: string}
  | {kind: 'name'; name: string}
  | {kind: 'crn'; crn: string; id: string}

/** How a user named an instance. Its CRN also names the region. */
export type InstanceRef =
  | Exclude<ResourceRef, {kind: 'crn'}>
  | {kind: 'crn'; id: string; region: string; account: string}

// IBM/vpc-node-sdk, vpc/v1.ts: an instance's ID is its zone's four characters, an underscore and a UUID, other
// resources have a hyphen there; names are lower-case, with hyphens, and at most 63 characters long.
const instanceId = /^[0-9a-z]{4}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const resourceId = /^([0-9a-z]{4}[-_][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/
const resourceName = /^[0-9a-z][-0-9a-z]{0,62}$/

/**
 * Reads an `<instance>` argument. A CRN also names the region: its location is a zone, which is the region's name and a
 * number. Throws a usage error for anything that is neither ID, name nor CRN.
 */
export function parseInstanceRef(text: string): InstanceRef {
  if (text.startsWith('crn:')) {
    const {service, location, scope, type, id} = fieldsOfCrn(text)
    const region = /^([a-z]+-[a-z]+\d*)(-\d+)?$/.exec(location)?.[1]
    if (service !== 'is' || !isServer(type, id) || region === undefined) {
      throw usageError(
        `${text} is not the CRN of an instance.`,
        'It looks like crn:v1:bluemix:public:is:us-south-1:a/...::instance:0717_....',
      )
    }
    return {kind: 'crn', id, region, account: scope.replace(/^a\//, '')}
  }
  if (instanceId.test(text)) return {kind: 'id', id: text}
  if (resourceName.test(text)) return {kind: 'name', name: text}
  if (/[*?[\]]/.test(text)) {
    throw usageError(
      `${text} is a pattern, and not an ID, a name or a CRN.`,
      `Try: vpcmd instances list --name '${text}'`,
    )
  }
  const hint =
    text === '-'
      ? 'Commands that change instances take them from a pipe with --from-file -'
      : text.includes(',')
        ? 'Several have spaces between them.'
        : 'An ID looks like 0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf; a name has lowercase letters, digits and hyphens.'
  throw usageError(
    `${text === '' ? 'An empty text' : text} is neither an ID, nor a name, nor a CRN of an instance.`,
    hint,
  )
}

/** A bare metal server counts: vpcmd then says that it is one. */
function isServer(type: string, id: string): boolean {
  return type === 'instance' ? instanceId.test(id) : type === 'bare-metal-server' && isResourceId(id)
}

/** Whether a text is the ID of some resource, such as a bare metal server's, and no name. */
export function isResourceId(text: string): boolean {
  return resourceId.test(text)
}

/** The ID of the account in a CRN such as `crn:v1:bluemix:public:is:us-south-1:a/ACCOUNT::instance:ID`; undefined where it has none. */
export function accountInCrn(crn: string | undefined): string | undefined {
  return /^crn:(?:[^:]*:){5}a\/([^:]+):/.exec(crn ?? '')?.[1]
}

/** Reads the value of a filter such as `--vpc`: by ID, by CRN, or else by name. Throws a usage error for a CRN without an ID. */
export function parseResourceRef(text: string): ResourceRef {
  if (text.startsWith('crn:')) {
    const id = text.split(':').at(-1) ?? ''
    // It stands in the path of a request: nothing there may lead to another one.
    if (!/^[-0-9a-z_]{1,64}$/i.test(id)) throw usageError(`${text} is not the CRN of a resource.`)
    return {kind: 'crn', crn: text, id}
  }
  return resourceId.test(text) ? {kind: 'id', id: text} : {kind: 'name', name: text}
}

/** What a server is called in a sentence: `my-vsi (0717_…)`; by its ID where no name was told. */
export function targetName({name, id}: {name?: string; id: string}): string {
  return name ? `${name} (${id})` : id
}
