import {createHash} from 'node:crypto'
import {type Context, Hono} from 'hono'
import {answerPage} from '../core/answer-page.ts'
import {notFound} from '../core/api-error.ts'
import type {Cloud, Environment} from '../core/environment.ts'
import {pageOf, readPage} from '../core/paging.ts'
import {defaultsGroup, type NamedResource} from '../core/records.ts'
import {isoTime, reference} from '../core/references.ts'
import {imagesIn, operatingSystemOf} from './images.ts'
import {type Profile, profileNames, profileOf} from './profiles.ts'
import {groupReference} from './region-bodies.ts'

type Request = Context<Environment>

/** The Image object (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.Image`). */
function imageBody(image: NamedResource, base: string): Record<string, unknown> {
  const system = operatingSystemOf(image)
  return {
    ...reference(base, 'images', 'image', image),
    allowed_use: {api_version: '2026-03-24', bare_metal_server: 'true', instance: 'true'},
    catalog_offering: {managed: false},
    created_at: isoTime(Date.UTC(2025, 0, 10)),
    encryption: 'none',
    file: {checksums: {sha256: createHash('sha256').update(image.id).digest('hex')}, size: 2},
    minimum_provisioned_size: 100,
    operating_system: {
      allow_user_image_creation: true,
      architecture: system.architecture,
      dedicated_host_only: false,
      display_name: system.display,
      family: system.family,
      href: `${base}/operating_systems/${system.name}`,
      name: system.name,
      user_data_format: 'cloud_init',
      vendor: system.vendor,
      version: system.version,
    },
    resource_group: groupReference(defaultsGroup),
    status: 'available',
    status_reasons: [],
    user_data_format: 'cloud_init',
    visibility: isOwn(image) ? 'private' : 'public',
  }
}

/** The InstanceProfile object, with fixed values where the real ones have ranges (IBM/vpc-node-sdk vpc/v1.ts `VpcV1.InstanceProfile`). */
function profileBody(name: string, profile: Profile, base: string): Record<string, unknown> {
  const fixed = (value: number | string) => ({type: 'fixed', value})
  return {
    availability_class: {default: 'standard', type: 'enum', values: ['standard', 'spot']},
    bandwidth: fixed(profile.bandwidth),
    cluster_network_attachment_count: {type: 'enum', values: [0]},
    confidential_compute_modes: {default: 'disabled', type: 'enum', values: ['disabled']},
    disks: profile.disks.map(size => ({
      default_interface_type: 'nvme',
      quantity: fixed(1),
      size: fixed(size),
      supported_interface_types: {default: 'nvme', type: 'enum', values: ['nvme']},
    })),
    family: {b: 'balanced', c: 'compute', g: 'gpu', m: 'memory'}[name.slice(0, 1)] ?? 'balanced',
    href: `${base}/instance/profiles/${name}`,
    memory: fixed(profile.memory),
    name,
    network_attachment_count: {max: 5, min: 1, type: 'range'},
    network_bandwidth_mode: {type: 'fixed', value: 'bandwidth_based'},
    network_interface_count: {max: 5, min: 1, type: 'range'},
    os_architecture: {default: profile.architecture, type: 'enum', values: [profile.architecture]},
    port_speed: fixed(16_000),
    reservation_terms: {type: 'enum', values: ['one_year', 'three_year']},
    resource_type: 'instance_profile',
    secure_boot_modes: {default: false, type: 'enum', values: [true, false]},
    status: 'current',
    supported_cluster_network_profiles: [],
    total_volume_bandwidth: fixed(profile.bandwidth / 4),
    vcpu_architecture: {default: profile.architecture, ...fixed(profile.architecture)},
    vcpu_burst_limit: fixed(100),
    vcpu_count: fixed(profile.vcpus),
    vcpu_manufacturer: {default: profile.manufacturer, ...fixed(profile.manufacturer)},
    vcpu_percentage: fixed(100),
    volume_bandwidth_qos_modes: {default: 'weighted', type: 'enum', values: ['weighted']},
  }
}

const isOwn = (image: NamedResource) => !image.name.startsWith('ibm-')

// All of `listImages` in IBM/vpc-node-sdk vpc/v1.ts. Every image here is available, takes cloud-init, and has no remote
// account.
const imageFilters: ReadonlyMap<string, (image: NamedResource, value: string) => boolean> = new Map([
  ['name', (image, value) => image.name === value],
  ['remote.account.id', (_, value) => value === 'null'],
  ['resource_group.id', (_, value) => value === defaultsGroup.id],
  ['status', (_, value) => value.split(',').includes('available')],
  ['user_data_format', (_, value) => value.split(',').includes('cloud_init')],
  ['visibility', (image, value) => value === (isOwn(image) ? 'private' : 'public')],
])

/** `GET /images` with its filters, an image, `GET /instance/profiles` and a profile. */
export function catalogueRoutes({fleet}: Cloud): Hono<Environment> {
  const routes = new Hono<Environment>()
  routes.get('/images', c => {
    const query = c.req.query()
    const rows = imagesIn(fleet, c.get('region').name).filter(image =>
      Object.entries(query).every(([name, value]) => imageFilters.get(name)?.(image, value) ?? true),
    )
    return answerPage(c, 'images', rows, {bodyOf: each => imageBody(each, c.get('base'))})
  })
  routes.get('/images/:id', c => {
    const found = imagesIn(fleet, c.get('region').name).find(each => each.id === c.req.param('id'))
    if (found === undefined) throw notFound('id', c.req.param('id'))
    return c.json(imageBody(found, c.get('base')))
  })
  const bodyOf = (c: Request, name: string) => profileBody(name, profileOf(name), c.get('base'))
  // "When using a `version` query parameter of `2026-04-07` or later" it comes in pages (ibm-cloud-docs/vpc api-change-log.md).
  routes.get('/instance/profiles', c => {
    const query = c.req.query()
    if ((query.version ?? '') < '2026-04-07') return c.json({profiles: profileNames.map(name => bodyOf(c, name))})
    const link = {url: `${c.get('base')}/instance/profiles`, query, kind: 'profiles'}
    const {rows, page} = pageOf(profileNames, (_name, index) => index + 1, readPage(query, 'profiles'), link)
    return c.json({...page, profiles: rows.map(name => bodyOf(c, name))})
  })
  routes.get('/instance/profiles/:name', c => {
    const name = c.req.param('name')
    if (!profileNames.includes(name)) throw notFound('name', name)
    return c.json(bodyOf(c, name))
  })
  return routes
}
