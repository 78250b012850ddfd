// What `vpcmd instances list --sort none`, as JSON lines or (--ids) as IDs, is measured against: page by page on IBM's SDK core, printed as it comes.
import {once} from 'node:events'
import {BaseService, IamAuthenticator} from 'ibm-cloud-sdk-core'

const {IBMCLOUD_API_KEY: apikey, VPC_URL: serviceUrl, VPC_AUTH_URL: url} = process.env
const vpc = new BaseService({serviceUrl, authenticator: new IamAuthenticator({apikey, url})})
const print = process.argv.includes('--ids') ? each => each.id : each => JSON.stringify(each)
let start
do {
  const qs = {version: '2026-03-24', generation: 2, limit: 100, start}
  const {result} = await vpc.createRequest({
    options: {url: '/instances', method: 'GET', qs},
    defaultOptions: {serviceUrl, headers: {}},
  })
  const lines = result.instances.map(each => `${print(each)}\n`).join('')
  if (!process.stdout.write(lines)) await once(process.stdout, 'drain')
  start = result.next ? new URL(result.next.href).searchParams.get('start') : undefined
} while (start)
