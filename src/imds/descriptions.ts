import {tunables} from '../cloud/readers/settings.ts'
import {counted} from '../counted.ts'
import type {DetailRow} from '../instances/details.ts'
import {fieldAt, listAt, namedAt, textAt} from './fields.ts'

/** Columns by their headers, each with the path of its value in a row; with several paths, the first one that has a value. */
type Columns = Record<string, string | string[]>

function tableOf(items: unknown[], columns: Columns): {columns: string[]; rows: string[][]} {
  const paths = Object.values(columns)
  return {
    columns: Object.keys(columns),
    rows: items.map(item => paths.map(path => textAt(item, ...[path].flat()))),
  }
}

const networkColumns: Columns = {
  Name: 'name',
  ID: 'id',
  Subnet: 'subnet.name',
  'Reserved IP': ['primary_ip.address', 'primary_ipv4_address'],
}
const volumeColumns: Columns = {Name: 'volume.name', ID: 'volume.id', 'Attachment ID': 'id'}
const keyColumns: Columns = {Name: 'name', ID: 'id', Fingerprint: 'fingerprint'}

/** What the metadata API says of the instance, in rows with the labels of `vpcmd instances show`. */
export function describeInstance(instance: unknown): DetailRow[] {
  const attachments = listAt(instance, 'network_attachments')
  const settings = tunables.map(({name, word, needsName}) => {
    const value = textAt(instance, `metadata_service.${name}`)
    return value && needsName ? `${word} ${value}` : value
  })
  return [
    ['ID', textAt(instance, 'id')],
    ['Name', textAt(instance, 'name')],
    ['CRN', textAt(instance, 'crn')],
    ['Profile', textAt(instance, 'profile.name')],
    ['Architecture', textAt(instance, 'vcpu.architecture')],
    ['vCPUs', textAt(instance, 'vcpu.count')],
    ['Memory (GiB)', textAt(instance, 'memory')],
    ['Image', namedAt(instance, 'image')],
    ['VPC', namedAt(instance, 'vpc')],
    ['Zone', textAt(instance, 'zone.name')],
    ['Metadata service', joined(settings)],
    attachments.length > 0
      ? ['Network attachments', tableOf(attachments, networkColumns)]
      : ['Network interfaces', tableOf(listAt(instance, 'network_interfaces'), networkColumns)],
    ['Volumes', tableOf(listAt(instance, 'volume_attachments'), volumeColumns)],
    ['Created', textAt(instance, 'created_at')],
  ]
}

/** What the instance was created with, in rows: of a password only that there is one, of user data only the size. */
export function describeInitialization(initialization: unknown): DetailRow[] {
  const profile = fieldAt(initialization, 'default_trusted_profile')
  const userData = textAt(initialization, 'user_data')
  return [
    ['Keys', tableOf(listAt(initialization, 'keys'), keyColumns)],
    ['Default trusted profile', namedAt(profile, 'target') || textAt(profile, 'target.crn')],
    ['Auto link', textAt(profile, 'auto_link')],
    ['Password', fieldAt(initialization, 'password') ? 'encrypted for one of the keys; --json has it' : 'none'],
    ['User data', userData ? `${Buffer.byteLength(userData)} bytes; vpcmd imds user-data prints them` : 'none'],
  ]
}

/** The claims of a token in words: who, where, until when. `now` is in epoch milliseconds. */
export function describeClaims(claims: unknown, now: number): DetailRow[] {
  const rows: [string, string][] = [
    ['Instance', textAt(claims, 'iaas.instanceID', 'iaas.bareMetalServerID')],
    ['CRN', textAt(claims, 'iaas.crn')],
    ['Identity', textAt(claims, 'iam_id')],
    ['Account', textAt(claims, 'iaas.accountID', 'account.bss')],
    ['Profile', textAt(claims, 'iaas.profile_name')],
    ['Resource group', textAt(claims, 'iaas.resource_group_id')],
    ['Region', textAt(claims, 'iaas.region')],
    ['Zone', textAt(claims, 'iaas.zone')],
    ['VPC', namedAt(claims, 'vpc')],
    ['Subnets', joined(listAt(claims, 'subnets').map(subnet => namedAt(subnet)))],
    ['IP addresses', joined(listAt(claims, 'ip_addresses').map(address => textAt(address, 'address')))],
    ['Issued by', textAt(claims, 'iss')],
    ['Issued for', joined(listAt(claims, 'aud').filter(each => typeof each === 'string')) || textAt(claims, 'aud')],
    ['Issued', moment(fieldAt(claims, 'iat'), now)],
    ['Valid until', moment(fieldAt(claims, 'exp'), now)],
    ['Nonce', textAt(claims, 'nonce')],
  ]
  return rows.filter(([, value]) => value !== '')
}

function joined(texts: string[]): string {
  return texts.filter(Boolean).join(', ')
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
  const [count, unit]: [number, string] =
    seconds < 120 ? [seconds, 'second'] : seconds < 7200 ? [seconds / 60, 'minute'] : [seconds / 3600, 'hour']
  return counted(Math.floor(count), unit)
}
