// What `vpcmd instances list` is measured against: the same list, written on IBM's SDK core as one would in a hurry.
import {BaseService, IamAuthenticator} from 'ibm-cloud-sdk-core'

const {IBMCLOUD_API_KEY: apikey, VPC_URL: serviceUrl, VPC_AUTH_URL: url} = process.env
const vpc = new BaseService({serviceUrl, authenticator: new IamAuthenticator({apikey, url})})
const list = async (path, key, rows = [], start = undefined) => {
  const qs = {version: '2026-03-24', generation: 2, limit: 100, start}
  const {result} = await vpc.createRequest({
    options: {url: path, method: 'GET', qs},
    defaultOptions: {serviceUrl, headers: {}},
  })
  rows.push(...result[key])
  return result.next ? list(path, key, rows, new URL(result.next.href).searchParams.get('start')) : rows
}
const instances = await list('/instances', 'instances')
const addresses = new Map(
  (await list('/floating_ips', 'floating_ips')).map(({target, address}) => [target?.id, address]),
)
const interfaces = each => [
  ...each.network_attachments.map(({virtual_network_interface}) => virtual_network_interface),
  ...each.network_interfaces,
]
const joined = each => [...new Set(interfaces(each).flatMap(({id}) => addresses.get(id) ?? []))]
console.log(JSON.stringify(instances.map(each => ({...each, floating_ips: joined(each)}))))
