import GlobalTaggingV1 from '@ibm-cloud/platform-services/global-tagging/v1.js'
import {IamAuthenticator} from 'ibm-cloud-sdk-core'
import type {Sandbox} from '../../src/sandbox/index.ts'

type TagType = 'user' | 'access' | 'service'

/** Takes tags from a server, as IBM's own client does; the index of the search learns of it later. */
export async function untagServer(sandbox: Sandbox, id: string, tag: string, type: TagType = 'user'): Promise<void> {
  await change(sandbox, 'detachTag', id, tag, type)
}

/** Gives a server a tag. */
export async function tagServer(sandbox: Sandbox, id: string, tag: string, type: TagType = 'user'): Promise<void> {
  await change(sandbox, 'attachTag', id, tag, type)
}

async function change(
  {apiKey, url, environment, account, fleet}: Sandbox,
  call: 'attachTag' | 'detachTag',
  id: string,
  tag: string,
  type: TagType,
): Promise<void> {
  const authenticator = new IamAuthenticator({apikey: apiKey, url})
  const client = new GlobalTaggingV1({authenticator, serviceUrl: environment.GLOBAL_TAGGING_URL})
  const kind = fleet.get(id) ? 'instance' : 'bare-metal-server'
  const server = fleet.get(id) ?? fleet.bareMetalServers.get(id)
  const crn = `crn:v1:bluemix:public:is:${server?.zone}:a/${account}::${kind}:${id}`
  const resources = [{resource_id: crn}]
  const {result} = await client[call]({resources, tagNames: [tag], tagType: type, accountId: account})
  if (result.results?.some(each => each.is_error)) throw new Error(`${call} failed: ${JSON.stringify(result)}`)
}
