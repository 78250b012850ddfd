import {tunables} from '../cloud/readers/settings.ts'
import {fieldAt, listAt, namedAt, textAt} from './fields.ts'

/** A row of a record: a label, and a value or a small table. */
export type DescriptionRow = readonly [label: string, value: string | {columns: string[]; rows: string[][]}]

/** What the metadata API says of the instance, in rows with the labels of `vpcmd instances show`. */
export function describeInstance(instance: unknown): DescriptionRow[] {
  const attachments = listAt(instance, 'network_attachments')
  return [
    ['ID', textAt(instance, 'id')],
    ['Name', textAt(instance, 'name')],
    ['CRN', textAt(instance, 'crn')],
    ['Profile', textAt(instance, 'profile', 'name')],
    ['Architecture', textAt(instance, 'vcpu', 'architecture')],
    ['vCPUs', textAt(instance, 'vcpu', 'count')],
    ['Memory(GiB)', textAt(instance, 'memory')],
    ['Image', namedAt(instance, 'image')],
    ['VPC', namedAt(instance, 'vpc')],
    ['Zone', textAt(instance, 'zone', 'name')],
    ['Metadata service', metadataService(instance)],
    attachments.length > 0
      ? ['Network Attachments', network(attachments)]
      : ['Network Interfaces', network(listAt(instance, 'network_interfaces'))],
    [
      'Volumes',
      {
        columns: ['Name', 'ID', 'Attachment ID'],
        rows: listAt(instance, 'volume_attachments').map(attachment => [
          textAt(attachment, 'volume', 'name'),
          textAt(attachment, 'volume', 'id'),
          textAt(attachment, 'id'),
        ]),
      },
    ],
    ['Created', textAt(instance, 'created_at')],
  ]
}

function metadataService(instance: unknown): string {
  const parts = tunables.map(({name, word, needsName}) => {
    const value = textAt(instance, 'metadata_service', name)
    return value && needsName ? `${word} ${value}` : value
  })
  return parts.filter(Boolean).join(', ')
}

function network(attachments: unknown[]): {columns: string[]; rows: string[][]} {
  return {
    columns: ['Name', 'ID', 'Subnet', 'Reserved IP'],
    rows: attachments.map(attachment => [
      textAt(attachment, 'name'),
      textAt(attachment, 'id'),
      textAt(attachment, 'subnet', 'name'),
      textAt(attachment, 'primary_ip', 'address') || textAt(attachment, 'primary_ipv4_address'),
    ]),
  }
}

/** What the instance was created with, in rows. The password is said to be there and not shown; of user data, only the size. */
export function describeInitialization(initialization: unknown): DescriptionRow[] {
  const profile = fieldAt(initialization, 'default_trusted_profile')
  const userData = textAt(initialization, 'user_data')
  const autoLink = textAt(profile, 'auto_link')
  return [
    [
      'Keys',
      {
        columns: ['Name', 'ID', 'Fingerprint'],
        rows: listAt(initialization, 'keys').map(key => [
          textAt(key, 'name'),
          textAt(key, 'id'),
          textAt(key, 'fingerprint'),
        ]),
      },
    ],
    ['Default trusted profile', namedAt(profile, 'target') || textAt(profile, 'target', 'crn')],
    ['Auto link', autoLink],
    ['Password', fieldAt(initialization, 'password') ? 'encrypted for one of the keys; --json has it' : 'none'],
    ['User data', userData ? `${Buffer.byteLength(userData)} bytes; vpcmd imds user-data prints them` : 'none'],
  ]
}

/** The claims of a token in words: who, where, until when. `now` is in epoch milliseconds. */
export function describeClaims(claims: unknown, now: number): DescriptionRow[] {
  const iaas = fieldAt(claims, 'iaas')
  const rows: [string, string][] = [
    ['Instance', textAt(iaas, 'instanceID') || textAt(iaas, 'bareMetalServerID')],
    ['CRN', textAt(iaas, 'crn')],
    ['Identity', textAt(claims, 'iam_id')],
    ['Account', textAt(iaas, 'accountID') || textAt(claims, 'account', 'bss')],
    ['Profile', textAt(iaas, 'profile_name')],
    ['Resource group', textAt(iaas, 'resource_group_id')],
    ['Region', textAt(iaas, 'region')],
    ['Zone', textAt(iaas, 'zone')],
    ['VPC', namedAt(claims, 'vpc')],
    ['Subnets', listOf(claims, 'subnets', subnet => namedAt(subnet))],
    ['IP addresses', listOf(claims, 'ip_addresses', address => textAt(address, 'address'))],
    ['Issued by', textAt(claims, 'iss')],
    ['Issued for', listOf(claims, 'aud', audience => textAt(audience)) || textAt(claims, 'aud')],
    ['Issued', moment(fieldAt(claims, 'iat'), now)],
    ['Valid until', moment(fieldAt(claims, 'exp'), now)],
    ['Nonce', textAt(claims, 'nonce')],
  ]
  return rows.filter(([, value]) => value !== '')
}

function listOf(claims: unknown, name: string, asText: (item: unknown) => string): string {
  return listAt(claims, name).map(asText).filter(Boolean).join(', ')
}

/** `2026-11-25T10:00:00Z (in 4 minutes)`; empty for what is no epoch time in seconds. */
function moment(seconds: unknown, now: number): string {
  if (typeof seconds !== 'number' || !(Math.abs(seconds) < 1e11)) return ''
  const away = Math.round(seconds - now / 1000)
  const duration = inWords(Math.abs(away))
  return `${new Date(seconds * 1000).toISOString().replace('.000', '')} (${away > 0 ? `in ${duration}` : `${duration} ago`})`
}

/** A number of seconds in the unit that fits: `45 seconds`, `4 minutes`, `1 hour`. */
export function inWords(seconds: number): string {
  const [count, unit] =
    seconds < 120 ? [seconds, 'second'] : seconds < 7200 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour']
  const whole = Math.floor(count)
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`
}
