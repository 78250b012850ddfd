import type {Sandbox} from '../../src/sandbox/index.ts'
import {type AskedOfCloud, type OddAnswer, type OddCloud, type Oddity, startOddCloud} from './odd-cloud.ts'

/** An item of Global Search beside its CRN; null for a server that is not in the index. */
export type TagsOf = {tags?: unknown; access_tags?: unknown; service_tags?: unknown} | null

export interface TaggedCloud extends OddCloud {
  environment: OddCloud['environment'] & {GLOBAL_SEARCH_URL: string; GLOBAL_TAGGING_URL: string}
  /** By the ID of the server; who is not named has none. Each question sees what is here then. */
  tags: Map<string, TagsOf>
  searches(): AskedOfCloud[]
}

/** The sandbox, and Global Search and Global Tagging for it, with as many items on a page as are asked for, or fewer. */
export async function startTaggedCloud(
  sandbox: Sandbox,
  {pageSize = 1000, answer, ...odd}: Oddity & {pageSize?: number} = {},
): Promise<TaggedCloud> {
  const tags = new Map<string, TagsOf>()
  const items = (type: string) => {
    const servers = type === 'instance' ? sandbox.fleet.list() : sandbox.fleet.bareMetalServers.list()
    return servers.flatMap(({id, zone, name}) => {
      const own = tags.get(id)
      const crn = `crn:v1:bluemix:public:is:${zone}:a/a1234567::${type}:${id}`
      return own === null ? [] : [{crn, name, region: zone, tags: [], access_tags: [], service_tags: [], ...own}]
    })
  }
  const search = ({url, body}: AskedOfCloud): OddAnswer => {
    const {query, search_cursor: cursor = '0'} = JSON.parse(body)
    const [, type = ''] = /^family:is AND type:([\w-]+)$/.exec(query) ?? []
    const limit = Math.min(Number(url.searchParams.get('limit')), pageSize)
    const page = items(type).slice(Number(cursor), Number(cursor) + limit)
    return {status: 200, body: {items: page, limit, search_cursor: String(Number(cursor) + page.length)}}
  }
  const attached = ({url}: AskedOfCloud): OddAnswer => {
    const of = (name: string) => url.searchParams.get(name) ?? ''
    const key = {user: 'tags', access: 'access_tags', service: 'service_tags'}[of('tag_type')] as keyof object
    const names: string[] = tags.get(of('attached_to').split(':')[9] ?? '')?.[key] ?? []
    return {status: 200, body: {items: names.map(name => ({name})), total_count: names.length}}
  }
  const cloud = await startOddCloud(sandbox, {
    ...odd,
    answer: asked =>
      answer?.(asked) ?? (isSearch(asked) ? search(asked) : isTagging(asked) ? attached(asked) : undefined),
  })
  return {
    ...cloud,
    environment: {...cloud.environment, GLOBAL_SEARCH_URL: cloud.url, GLOBAL_TAGGING_URL: cloud.url},
    tags,
    searches: () => cloud.asked.filter(isSearch),
  }
}

/** Whether a question is one for Global Search. */
export function isSearch({url}: AskedOfCloud): boolean {
  return url.pathname === '/v3/resources/search'
}

/** Whether a question is one for Global Tagging. */
export function isTagging({url}: AskedOfCloud): boolean {
  return url.pathname === '/v3/tags'
}
