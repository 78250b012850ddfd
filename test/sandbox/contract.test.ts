import {readFileSync} from 'node:fs'
import {afterAll, beforeAll, describe, expect, test} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allPages, type Body, type Client, clientOf, serverTwo, withSandbox} from './sandbox-client.ts'
import {checkAgainstContract as check} from './vpc-contract.ts'

interface Page {
  instance: Body
  rows: string[][]
  ids: string[]
}

/** What IBM's page on accessing metadata shows of its instances. */
function readPage(origin: string): Page {
  const text = readFileSync(new URL('../contract/accessing-metadata.json', import.meta.url), 'utf8')
  return JSON.parse(text.replaceAll('https://us-south.iaas.cloud.ibm.com', `${origin}/us-south`))
}

describe("against IBM's types and pages", () => {
  let sandbox: Sandbox
  let client: Client
  beforeAll(async () => {
    sandbox = await startSandbox({account: 'a1234567'})
    client = await clientOf(sandbox)
  })
  afterAll(() => sandbox.close())

  test('each body of the default fleet is valid, in every region', async () => {
    check('RegionCollection', (await client.send('/v1/regions')).body)
    for (const {name} of (await client.send('/v1/regions')).body.regions) {
      const base = `/${name}/v1`
      check('Region', (await client.send(`${base}/regions/${name}`)).body)
      const vpcs = (await client.send(`${base}/vpcs?limit=1`)).body
      check('VPCCollection', vpcs)
      for (const vpc of vpcs.vpcs) check('VPC', (await client.send(`${base}/vpcs/${vpc.id}`)).body)
      const ips = (await client.send(`${base}/floating_ips`)).body
      check('FloatingIPCollection', ips)
      for (const ip of ips.floating_ips) check('FloatingIP', (await client.send(`${base}/floating_ips/${ip.id}`)).body)
      const instances = (await client.send(`${base}/instances`)).body
      check('InstanceCollection', instances)
      const templates = (await client.send(`${base}/instance/templates`)).body
      check('InstanceTemplateCollection', templates)
      for (const {id} of templates.templates) {
        check('InstanceTemplate', (await client.send(`${base}/instance/templates/${id}`)).body)
      }
      const servers = (await client.send(`${base}/bare_metal_servers`)).body
      check('BareMetalServerCollection', servers)
      for (const {id} of servers.bare_metal_servers) {
        check('BareMetalServer', (await client.send(`${base}/bare_metal_servers/${id}`)).body)
      }
      for (const {id} of instances.instances) {
        const instance = `${base}/instances/${id}`
        check('Instance', (await client.send(instance)).body)
        check('InstanceInitialization', (await client.send(`${instance}/initialization`)).body)
        check('InstanceNetworkAttachmentCollection', (await client.send(`${instance}/network_attachments`)).body)
        check('NetworkInterfaceUnpaginatedCollection', (await client.send(`${instance}/network_interfaces`)).body)
      }
    }
  })

  test('volumes, reserved IPs and virtual network interfaces are listed as they are one by one', async () => {
    for (const base of ['/v1', '/eu-de/v1', '/au-syd/v1']) {
      const lists: [definition: string, path: string][] = [
        ['Volume', 'volumes'],
        ['VirtualNetworkInterface', 'virtual_network_interfaces'],
      ]
      for (const {id} of (await client.send(`${base}/subnets`)).body.subnets) {
        lists.push(['ReservedIP', `subnets/${id}/reserved_ips`])
      }
      let count = 0
      for (const [definition, path] of lists) {
        const {body} = await client.send(`${base}/${path}`)
        check(`${definition}Collection`, body)
        const rows: Body[] = body[path.split('/').at(-1) as 'volumes']
        for (const row of rows) expect((await client.send(`${base}/${path}/${row.id}`)).body).toEqual(row)
        count += rows.length
      }
      expect(count).toBeGreaterThan(2)
    }
  })

  test('volumes and reserved IPs are filtered, sorted and cut into pages', () =>
    withSandbox({instances: 200, regions: ['us-south']}, async generated => {
      const idsOf = async (path: string) => (await allPages(generated, path, 'volumes')).rows.map(({id}) => String(id))
      const all = await idsOf('/v1/volumes?limit=30')
      expect(new Set(all).size).toBe(200)
      const zones = ['us-south-1', 'us-south-2', 'us-south-3']
      const inZones = await Promise.all(zones.map(zone => idsOf(`/v1/volumes?zone.name=${zone}&limit=50`)))
      expect(inZones.flat().sort()).toEqual([...all].sort())
      expect(await idsOf('/v1/volumes?attachment_state=unattached')).toEqual([])

      const [subnet] = (await generated.send('/v1/subnets')).body.subnets
      const path = `/v1/subnets/${subnet?.id}/reserved_ips`
      const ips = (await generated.send(`${path}?sort=-address&limit=100`)).body.reserved_ips
      const numbers = ips.map(({address}) =>
        address.split('.').reduce((sum: number, each: string) => sum * 256 + Number(each), 0),
      )
      expect(numbers).toEqual(numbers.toSorted((a: number, b: number) => b - a))
      const [ip] = ips
      const {reserved_ips: found} = (await generated.send(`${path}?target.id=${ip?.target.id}`)).body
      expect(found).toEqual([ip])
      expect((await generated.send(`${path}?sort=size`)).status).toBe(400)
      expect((await generated.send('/v1/subnets/none/reserved_ips')).status).toBe(404)
    }))

  test('each of 600 generated instances is valid, and so is all that comes with them', () =>
    withSandbox({instances: 600, vpcs: 3, regions: ['us-south', 'eu-gb']}, async generated => {
      for (const base of ['/v1', '/eu-gb/v1']) {
        for (const instances of (await allPages(generated, `${base}/instances`, 'instances')).pages) {
          check('InstanceCollection', instances)
        }
        for (const ips of (await allPages(generated, `${base}/floating_ips`, 'floating_ips')).pages) {
          check('FloatingIPCollection', ips)
        }
        for (const servers of (await allPages(generated, `${base}/bare_metal_servers?limit=4`, 'bare_metal_servers'))
          .pages) {
          check('BareMetalServerCollection', servers)
        }
        check('InstanceTemplateCollection', (await generated.send(`${base}/instance/templates`)).body)
        check('VPCCollection', (await generated.send(`${base}/vpcs`)).body)
      }
    }))

  test('what a PATCH, an action and their transitions send is valid', () =>
    withSandbox({transitionMs: 60_000}, async acting => {
      const path = `/v1/instances/${serverTwo}`
      check('Instance', (await acting.patch(path, {metadata_service: {enabled: true, protocol: 'https'}})).body)
      const action = await acting.send(`${path}/actions`, {method: 'POST', body: '{"type":"stop","force":true}'})
      check('InstanceAction', action.body)
      check('Instance', (await acting.send(path)).body)
      await acting.sandbox.fleet.change(serverTwo, {status: 'stopped'})
      await acting.sandbox.fleet.failStarts(serverTwo)
      await acting.send(`${path}/actions`, {method: 'POST', body: '{"type":"start"}'})
      check('Instance', (await acting.send(path)).body)
      for (const status of ['failed', 'deleting', 'pending', 'restarting']) {
        await acting.sandbox.fleet.change(serverTwo, {status})
        check('Instance', (await acting.send(path)).body)
      }
      const [server] = acting.sandbox.fleet.bareMetalServers.list()
      const metal = `/${server?.region}/v1/bare_metal_servers/${server?.id}`
      check('BareMetalServer', (await acting.patch(metal, {metadata_service: {enabled: true}})).body)
      for (const status of ['failed', 'maintenance', 'pending']) {
        await acting.sandbox.fleet.bareMetalServers.change(server?.id ?? '', {status})
        check('BareMetalServer', (await acting.send(metal)).body)
      }
      const [template] = acting.sandbox.fleet.templates.list()
      check('InstanceTemplate', (await acting.patch(`/v1/instance/templates/${template?.id}`, {name: 'other'})).body)
    }))

  test("the second instance is the one of IBM's page, field by field", async () => {
    // The page is older than the API version here, which has `preemption` in place of `host_maintenance`.
    const {availability_policy: policy, ...rest} = readPage(sandbox.url).instance
    expect(Object.keys(rest)).toHaveLength(16)
    const {body} = await client.send(`/us-south/v1/instances/${serverTwo}`)
    expect(body).toMatchObject(rest)
    expect(body.availability_policy.host_failure).toBe(policy.host_failure)
  })

  test("the three instances are the rows of IBM's page", async () => {
    const {rows} = readPage(sandbox.url)
    expect(rows).toHaveLength(3)
    const {instances} = (await client.send('/v1/instances')).body
    const {floating_ips: ips} = (await client.send('/v1/floating_ips')).body
    const printed = instances.map(each => {
      const vni = each.primary_network_attachment.virtual_network_interface.id
      return [
        each.id,
        each.name,
        each.status,
        each.primary_network_interface.primary_ip.address,
        ips.find(ip => ip.target?.id === vni)?.address ?? '-',
        each.profile.name,
        each.image.name,
        each.vpc.name,
        each.zone.name,
        each.confidential_compute_mode,
        String(each.enable_secure_boot),
        each.resource_group.name,
        each.reservation?.name ?? '-',
        each.cluster_network?.id ?? '-',
        each.cluster_network?.name ?? '-',
        each.cluster_network_attachments[0]?.name ?? '-',
      ]
    })
    expect(printed).toEqual(rows)
  })

  test("the IDs that IBM's page prints are in the second instance", async () => {
    const text = JSON.stringify((await client.send(`/v1/instances/${serverTwo}`)).body)
    const {ids} = readPage(sandbox.url)
    expect(ids).toHaveLength(8)
    for (const id of ids) expect(text).toContain(id)
  })
})
