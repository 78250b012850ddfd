import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import EnterpriseManagementV1 from '@ibm-cloud/platform-services/enterprise-management/v1.js'
import GlobalSearchV2 from '@ibm-cloud/platform-services/global-search/v2.js'
import GlobalTaggingV1 from '@ibm-cloud/platform-services/global-tagging/v1.js'
import IamIdentityV1 from '@ibm-cloud/platform-services/iam-identity/v1.js'
import {
  type Authenticator,
  ContainerAuthenticator,
  getQueryParam,
  IamAssumeAuthenticator,
  IamAuthenticator,
} from 'ibm-cloud-sdk-core'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {auditorName, type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {clientOf, read} from './sandbox-client.ts'

// IBM's own clients, unchanged, with nothing but addresses and a key.
let sandbox: Sandbox
let now = Date.now()
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567', accounts: 30, clock: () => now, tagDelayMs: 30_000})
})
afterAll(() => sandbox.close())

const idOf = (number: number) => sandbox.accounts[number - 1]?.id ?? ''
const withKey = () => new IamAuthenticator({apikey: sandbox.apiKey, url: sandbox.url})
const assuming = (number: number) =>
  new IamAssumeAuthenticator({
    apikey: sandbox.apiKey,
    url: sandbox.url,
    iamProfileName: auditorName,
    iamAccountId: idOf(number),
  })
const search = (authenticator: Authenticator = withKey()) =>
  new GlobalSearchV2({authenticator, serviceUrl: sandbox.environment.GLOBAL_SEARCH_URL})
const tagging = (authenticator: Authenticator = withKey()) =>
  new GlobalTaggingV1({authenticator, serviceUrl: sandbox.environment.GLOBAL_TAGGING_URL})
const enterprises = (authenticator: Authenticator = withKey()) =>
  new EnterpriseManagementV1({authenticator, serviceUrl: sandbox.environment.ENTERPRISE_MANAGEMENT_URL})
const identity = (authenticator: Authenticator = withKey()) =>
  new IamIdentityV1({authenticator, serviceUrl: sandbox.environment.IAM_IDENTITY_URL})

const namesOf = (items: {name?: string}[] = []) => items.map(each => each.name)
const found = async (query: string, client = search()) =>
  namesOf((await client.search({query, limit: 100})).result.items as {name?: string}[])

describe('authenticators', () => {
  test('IamAssumeAuthenticator gets into another account, by name, ID and CRN', async () => {
    const [profile] = (await identity(assuming(2)).listProfiles({accountId: idOf(2), name: auditorName})).result
      .profiles
    const key = {apikey: sandbox.apiKey, url: sandbox.url}
    const byId = new IamAssumeAuthenticator({...key, iamProfileId: profile?.id})
    const byCrn = new IamAssumeAuthenticator({...key, iamProfileCrn: profile?.crn})
    for (const authenticator of [assuming(2), byId, byCrn]) {
      const {items} = (await search(authenticator).search({query: 'type:instance'})).result
      expect(new Set(items.map(each => each.account_id))).toEqual(new Set([idOf(2)]))
    }
  })

  test("IamAssumeAuthenticator tells IAM's refusal", async () => {
    const failure: Error = await search(assuming(3))
      .search({query: '*'})
      .catch(error => error)
    expect(failure.message).toContain('could not be found')
  })

  test('ContainerAuthenticator gets in with a token from a file, and no key', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vpcmd-cr-'))
    writeFileSync(join(folder, 'token'), await sandbox.crToken())
    const authenticator = new ContainerAuthenticator({
      crTokenFilename: join(folder, 'token'),
      iamProfileName: auditorName,
      url: sandbox.url,
    })
    expect(await found('name:train-1', search(authenticator))).toEqual(['train-1'])
    rmSync(folder, {recursive: true})
  })
})

describe('EnterpriseManagementV1', () => {
  test('pages through all accounts, and finds those of a group, one by one', async () => {
    const all = await new EnterpriseManagementV1.AccountsPager(enterprises(), {limit: 7}).getAll()
    expect(all.map(each => each.id)).toEqual(sandbox.accounts.map(each => each.id))
    expect(all.filter(each => each.is_enterprise_account).map(each => each.id)).toEqual(['a1234567'])
    expect(all.filter(each => each.state !== 'ACTIVE').map(each => each.name)).toEqual(['team-c'])
    const [enterprise] = (await enterprises().listEnterprises()).result.resources ?? []
    const enterpriseId = enterprise?.id ?? ''
    expect((await enterprises().getEnterprise({enterpriseId})).result).toEqual(enterprise)
    const inEnterprise = await new EnterpriseManagementV1.AccountsPager(enterprises(), {enterpriseId}).getAll()
    expect(inEnterprise).toEqual(all)
    const groups = await new EnterpriseManagementV1.AccountGroupsPager(enterprises(), {enterpriseId}).getAll()
    expect(namesOf(groups)).toEqual(['production', 'development'])
    const parts = await Promise.all(
      groups.map(async ({id, crn}) => {
        const byId = (await enterprises().listAccounts({accountGroupId: id})).result.resources
        expect((await enterprises().listAccounts({parent: crn})).result.resources).toEqual(byId)
        return byId ?? []
      }),
    )
    expect(parts.flat()).toHaveLength(29)
    expect((await enterprises().getAccount({accountId: idOf(9)})).result).toEqual(all[8])
  })

  test('sees no enterprise from an account in it, nor from one without', async () => {
    const [service, alone] = [enterprises(assuming(2)), await startSandbox()]
    expect((await service.listAccounts()).result).toEqual({rows_count: 0, resources: []})
    await expect(service.getAccount({accountId: idOf(2)})).rejects.toMatchObject({status: 404})
    const authenticator = new IamAuthenticator({apikey: alone.apiKey, url: alone.url})
    const lonely = new EnterpriseManagementV1({authenticator, serviceUrl: alone.environment.ENTERPRISE_MANAGEMENT_URL})
    for (const list of [lonely.listAccounts(), lonely.listEnterprises(), lonely.listAccountGroups()]) {
      expect((await list).result).toEqual({rows_count: 0, resources: []})
    }
    await alone.close()
  })

  test.each<[string, () => Promise<unknown>, number]>([
    ['a page of too many', () => enterprises().listAccounts({limit: 101}), 400],
    ['a place of no list', () => enterprises().listAccounts({nextDocid: 'x'}), 400],
    ['an unknown group', () => enterprises().getAccountGroup({accountGroupId: 'x'}), 404],
    ['a new account', () => enterprises().createAccount({parent: 'x', name: 'new', ownerIamId: 'x'}), 501],
  ])('is refused %s', async (_what, ask, status) => {
    await expect(ask()).rejects.toMatchObject({status})
  })
})

describe('IamIdentityV1', () => {
  test('pages through the profiles of an account, and says whom one trusts', async () => {
    const all: IamIdentityV1.TrustedProfile[] = []
    let pagetoken: string | undefined
    do {
      const {profiles, next} = (await identity().listProfiles({accountId: idOf(1), pagesize: 1, pagetoken})).result
      all.push(...profiles)
      pagetoken = next && (getQueryParam(next, 'pagetoken') ?? undefined)
    } while (pagetoken)
    expect(namesOf(all)).toEqual([auditorName, 'instance-identity', 'unused-identity'])
    const profileId = all[0]?.id ?? ''
    expect((await identity().getProfile({profileId})).result).toEqual(all[0])
    const {identities} = (await identity().getProfileIdentities({profileId})).result
    expect(identities).toEqual([expect.objectContaining({type: 'user', accounts: [idOf(1)]})])
    await expect(identity().listLinks({profileId})).rejects.toMatchObject({status: 501})
  })
})

describe('GlobalSearchV2', () => {
  test('finds instances by tags, as people ask for them', async () => {
    const {result} = await search().search({
      query: 'family:is AND type:instance AND tags:"schematics:us-east.workspace.web.bfdd0e2d"',
      fields: ['crn', 'name', 'region', 'tags', 'access_tags', 'service_tags'],
    })
    expect(result).toEqual({
      limit: 10,
      items: [
        {
          crn: expect.stringMatching(/^crn:v1:bluemix:public:is:eu-de-1:a\/a1234567::instance:0217_/),
          name: 'web-1',
          region: 'eu-de-1',
          tags: ['env:prod', 'schematics:us-east.workspace.web.bfdd0e2d'],
          access_tags: [],
          service_tags: [],
        },
      ],
    })
  })

  test('has the default fields without any, all with *, and CRN always', async () => {
    const first = async (fields?: string[]) =>
      Object.keys((await search().search({query: 'name:train-1', fields})).result.items[0] ?? {}).sort()
    expect(await first()).toEqual(['account_id', 'crn', 'family', 'name', 'type'])
    expect(await first(['name'])).toEqual(['crn', 'name'])
    expect(await first(['*'])).toHaveLength(9)
  })

  test.each([
    ['type:instance AND tags:"env:prod"', ['my-virtual-server-2', 'my-virtual-server-3', 'web-1', 'train-1']],
    ['type:instance AND tags:ENV\\:prod AND NOT region:eu-*', ['my-virtual-server-2', 'my-virtual-server-3']],
    ['type:instance && (name:web-* || access_tags:"project:lw")', ['my-virtual-server-2', 'web-1', 'web-2', 'web-1']],
    ['type:instance AND tags:("env:dev" OR schematics*)', ['my-virtual-server-1', 'web-1', 'web-2']],
    ['service_tags:schematics\\:\\:project_id*', ['web-2']],
    ['type:bare\\-metal\\-server AND NOT (tags:*)', ['my-bare-metal-server', 'database-2']],
    ['(NOT type:instance) AND tags:"env:prod"', ['database-1']],
    [
      'crn:"crn:v1:bluemix:public:is:us-south-1:a/a1234567::instance:0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf"',
      ['my-virtual-server-1'],
    ],
    [
      'family:is AND type:instance AND region:us-south*',
      ['my-virtual-server-1', 'my-virtual-server-2', 'my-virtual-server-3'],
    ],
    ['tags:"env:nothing"', []],
  ])('%s', async (query, names) => {
    expect(await found(query)).toEqual(names)
  })

  test('pages by its cursor to the end, and through a sorted list', async () => {
    const pages = async (sort?: string[]) => {
      const names: unknown[] = []
      let searchCursor: string | undefined
      let count = 0
      do {
        const asked = searchCursor === undefined ? {query: 'type:instance', fields: ['name']} : {searchCursor}
        const {result} = await search().search({...asked, limit: 3, sort})
        names.push(...namesOf(result.items as {name?: string}[]))
        searchCursor = result.search_cursor
        count++
      } while (searchCursor !== undefined)
      return {names, count}
    }
    // A full page has a cursor, which leads to an empty one.
    const plain = await pages()
    expect(plain.count).toBe(4)
    expect(plain.names).toHaveLength(9)
    expect(plain.names).toContain('train-1')
    expect((await pages(['name'])).names).toEqual(plain.names.toSorted())
  })

  test('gives nothing of another account', async () => {
    const result = async (accountId: string) => (await search().search({query: '*', accountId})).result
    expect(await result(idOf(2))).toEqual({limit: 10, items: []})
    expect((await result(idOf(1))).items).toHaveLength(10)
  })

  test.each<[string, number]>([
    ['web', 501],
    ['name:web-? ', 501],
    ['name:*-1', 501],
    ['name:web-1~', 501],
    ['name:web-1^2', 501],
    ['name:[a TO b]', 501],
    ['toString:x', 501],
    ['name:/web/', 501],
    ['-name:web-1', 501],
    ['name:a name:b', 501],
    ['name:a and name:b', 501],
    ['name:a OR name:b AND name:c', 501],
    ['name:a OR NOT name:b', 501],
    ['tags:"env:*"', 501],
    ['creation_date:x', 501],
    ['na*:x', 501],
    ['tags:env:prod', 400],
    ['(name:a', 400],
    ['name:a)', 400],
    ['name:"a', 400],
    ['name:', 400],
    ['AND name:a', 400],
    ['name:a AND', 400],
    [' ', 400],
  ])('refuses the query %j with %i, and never with an empty list', async (query, status) => {
    await expect(search().search({query})).rejects.toMatchObject({
      status,
      result: {errors: [{message: expect.any(String)}]},
    })
  })

  test.each<[string, object, number]>([
    ['no limit', {limit: 0}, 400],
    ['a limit below 0', {limit: -1}, 400],
    ['a limit above 1000', {limit: 1001}, 400],
    ['an unknown field', {fields: ['owner']}, 501],
    ['an unknown order', {sort: ['owner']}, 501],
    ['what is deleted', {isDeleted: 'any'}, 501],
    ['a cursor of nowhere', {searchCursor: 'x'}, 400],
    ['fields that are none', {fields: 'name'}, 400],
  ])('refuses %s', async (_what, asked, status) => {
    await expect(search().search({query: '*', ...asked})).rejects.toMatchObject({status})
  })
})

describe('GlobalTaggingV1', () => {
  const crn = 'crn:v1:bluemix:public:is:us-south-1:a/a1234567::instance:0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf'
  const resources = [{resource_id: crn}]
  const attached = async (tagType = 'user', accountId?: string) =>
    namesOf((await tagging().listTags({attachedTo: crn, providers: ['ghost'], tagType, accountId})).result.items)

  test('attaches and detaches at once, and the search knows 30 seconds later', async () => {
    const query = 'tags:"Cost:42"'
    const {result} = await tagging().attachTag({resources, tagNames: ['cost:42', 'COST:42']})
    expect(result).toEqual({results: [{resource_id: crn, is_error: false}]})
    expect(await attached()).toEqual(['env:dev', 'cost:42'])
    now += 29_000
    expect(await found(query)).toEqual([])
    now += 1000
    expect(await found(query)).toEqual(['my-virtual-server-1'])
    await tagging().detachTag({resources, tagName: 'Cost:42'})
    expect(await attached()).toEqual(['env:dev'])
    expect(await found(query)).toEqual(['my-virtual-server-1'])
    await tagging().attachTag({resources, tagName: 'cost:42'})
    now += 30_000
    expect((await search().search({query, fields: ['tags']})).result.items[0]?.tags).toEqual(['env:dev', 'cost:42'])
    await tagging().detachTag({resources, tagName: 'cost:42'})
    now += 30_000
    expect(await found(query)).toEqual([])
  })

  test('keeps the types apart', async () => {
    const accountId = idOf(1)
    await tagging().attachTag({resources, tagName: 'schematics::project_id:1', tagType: 'service', accountId})
    expect(await attached('service', accountId)).toEqual(['schematics::project_id:1'])
    expect(await attached()).toEqual(['env:dev'])
    await expect(attached('service')).rejects.toMatchObject({status: 400})
  })

  test('attaches an access tag that was made before, and no other', async () => {
    const attach = async () => (await tagging().attachTag({resources, tagName: 'team:red', tagType: 'access'})).result
    expect(await attach()).toEqual({results: [{resource_id: crn, is_error: true, message: expect.any(String)}]})
    const make = async () =>
      (await tagging().createTag({tagNames: ['team:red', 'project:lw'], tagType: 'access'})).result
    expect(await make()).toEqual({
      results: [
        {tag_name: 'team:red', is_error: false},
        {tag_name: 'project:lw', is_error: true},
      ],
    })
    const listed = async (attachedOnly?: boolean) =>
      namesOf((await tagging().listTags({tagType: 'access', attachedOnly})).result.items)
    expect([await listed(), await listed(true)]).toEqual([['project:lw', 'team:red'], ['project:lw']])
    expect(await attach()).toEqual({results: [{resource_id: crn, is_error: false}]})
    expect(await listed(true)).toEqual(['team:red', 'project:lw'])
  })

  test('lists the tags of the account in pages, each once', async () => {
    const list = async (offset: number) => (await tagging().listTags({offset, limit: 2, orderByName: 'desc'})).result
    expect(await list(0)).toEqual({
      total_count: 3,
      offset: 0,
      limit: 2,
      items: [{name: 'schematics:us-east.workspace.web.bfdd0e2d'}, {name: 'env:prod'}],
    })
    expect(namesOf((await list(2)).items)).toEqual(['env:dev'])
  })

  test('tells a resource of nowhere, and one of another account, apart from the others', async () => {
    const bed = sandbox.fleetOf(idOf(2)).list()[0]
    const theirs = `crn:v1:bluemix:public:is:${bed?.zone}:a/${idOf(2)}::instance:${bed?.id}`
    const {results} = (
      await tagging().attachTag({
        resources: [{resource_id: 'crn:x'}, {resource_id: theirs}, ...resources],
        tagName: 'env:dev',
      })
    ).result
    expect(results?.map(each => each.is_error)).toEqual([true, true, false])
    await tagging(assuming(2)).attachTag({resources: [{resource_id: theirs}], tagName: 'env:stage'})
    const names = namesOf((await tagging(assuming(2)).listTags()).result.items)
    expect(names).toContain('env:stage')
    expect(namesOf((await tagging().listTags()).result.items)).not.toContain('env:stage')
  })

  test.each<[string, () => Promise<unknown>, number]>([
    ['a tag that is none', () => tagging().attachTag({resources, tagName: 'a,b'}), 400],
    ['a tag that is too long', () => tagging().attachTag({resources, tagName: 'a'.repeat(129)}), 400],
    ['no tags', () => tagging().attachTag({resources, tagNames: []}), 400],
    ['no resources', () => tagging().attachTag({tagName: 'a'}), 400],
    ['resources of no list', () => tagging().attachTag({tagName: 'a', resources: 'x' as never}), 400],
    ['a resource without ID', () => tagging().attachTag({tagName: 'a', resources: [{} as never]}), 400],
    ['an unknown type', () => tagging().attachTag({resources, tagName: 'a', tagType: 'other'}), 400],
    ['another account', () => tagging().attachTag({resources, tagName: 'a', accountId: 'other'}), 403],
    ['a query', () => tagging().attachTag({query: {query_string: 'x'}, tagName: 'a'}), 501],
    ['a replacement of all', () => tagging().attachTag({resources, tagName: 'a', replace: true}), 501],
    ['a user tag to make', () => tagging().createTag({tagNames: ['a'], tagType: 'user'}), 400],
    ['tags of a resource without a provider', () => tagging().listTags({attachedTo: crn}), 400],
    ['tags of a resource of nowhere', () => tagging().listTags({attachedTo: 'crn:x', providers: ['ghost']}), 404],
    ['tags of classic', () => tagging().listTags({providers: ['ims']}), 501],
    ['a page of none', () => tagging().listTags({limit: 0}), 400],
    ['to delete one', () => tagging().deleteTag({tagName: 'env:dev'}), 501],
  ])('refuses %s', async (_what, ask, status) => {
    await expect(ask()).rejects.toMatchObject({status})
  })

  test('has at most 1000 user tags on a resource', async () => {
    const tagNames = Array.from({length: 999}, (_, index) => `many:${index}`)
    const add = async (names: string[]) => (await tagging().attachTag({resources, tagNames: names})).result.results?.[0]
    expect(await add([...tagNames, 'many:999'])).toMatchObject({is_error: true, message: expect.any(String)})
    expect(await add(tagNames)).toEqual({resource_id: crn, is_error: false})
    await tagging().detachTag({resources, tagNames})
  })
})

test('what is seeded, into an account, has its tags at once', async () => {
  const {instances} = await sandbox.seed({
    account: idOf(5),
    instances: [{name: 'seeded', tags: {user: ['env:seeded'], access: ['project:seed']}}],
  })
  const query = 'tags:"env:seeded" AND access_tags:"project:seed"'
  const [item] = (await search(assuming(5)).search({query, fields: ['crn']})).result.items
  expect(item?.crn).toContain(`:a/${idOf(5)}::instance:${instances[0]?.id}`)
  expect(await found(query)).toEqual([])
  await expect(sandbox.seed({account: 'nowhere'})).rejects.toThrow('no account nowhere')
  await expect(sandbox.seed({instances: [{name: 'x', tags: {user: ['a,b']}}]})).rejects.toThrow('is no tag')
})

test.each([
  ['/search/v3/resources/search', 'nonsense', 'validation_failure'],
  ['/search/v3/resources/search', '[]', 'validation_failure'],
  ['/search/v3/resources/search', '{"queri": "*"}', 'invalid_request_field'],
  ['/search/v3/resources/search', '{"query": 5}', 'validation_invalid_field_type'],
  ['/search/v3/resources/search', `{"query": ${'['.repeat(101)}${']'.repeat(101)}}`, 'validation_failure'],
  ['/tagging/v3/tags/attach', 'nonsense', 'validation_failure'],
  ['/tagging/v3/tags/attach', '{"tag_name": "a", "resource": []}', 'invalid_request_field'],
  ['/tagging/v3/tags/attach', '{"tag_names": "a", "resources": []}', 'validation_invalid_field_type'],
])('%s refuses the body %.40s', async (path, body, code) => {
  const {token} = await clientOf(sandbox)
  const headers = {authorization: `Bearer ${token}`}
  const answer = await read(await fetch(`${sandbox.url}${path}`, {method: 'POST', body, headers}))
  expect(answer).toMatchObject({status: 400, body: {errors: [{code}], trace: expect.any(String)}})
})

test.each([
  ['search', 'POST', '/search/v3/resources/search'],
  ['tags', 'GET', '/tagging/v3/tags'],
  ['accounts', 'GET', '/enterprise/v1/accounts'],
])('%s are refused without a token', async (_what, method, path) => {
  const answer = await fetch(`${sandbox.url}${path}`, {method, body: method === 'POST' ? '{}' : undefined})
  expect(answer.status).toBe(401)
})
