import type {Agent, ClientRequest} from 'node:http'
import {HttpsProxyAgent} from 'https-proxy-agent'
import {getProxyForUrl} from 'proxy-from-env'
import {usageError} from '../errors.ts'
import {retryPolicy} from './retry-policy.ts'
import {type HttpProxy, keptConnections, proxyRefusal} from './transport.ts'

const proxies = new Map<string, HttpProxy>()

/**
 * The way to a URL where there are proxy variables: a tunnel, which is kept, so that its handshakes are made once. Throws a
 * usage error for a proxy that is no URL.
 */
export function routeThroughProxy(
  url: string,
  env: NodeJS.ProcessEnv,
  variables: readonly string[],
  mostConnections?: number,
): HttpProxy | undefined {
  const proxy = getProxyForUrl(url)
  if (!proxy) return undefined
  // One without a scheme is given that of the URL by the library; for curl and ibmcloud it is one of http.
  const isAsTyped = variables.some(name => env[name] === proxy)
  const proxyUrl = isAsTyped ? proxy : proxy.replace(/^https:/, 'http:')
  const variable = variables.find(name => env[name] && proxy.endsWith(env[name])) ?? 'The environment'
  if (!URL.canParse(proxyUrl) || !/^https?:$/.test(new URL(proxyUrl).protocol)) {
    throw usageError(`${variable} is not the URL of an HTTP proxy.`, 'It takes one such as http://proxy:3128.')
  }
  const known = proxies.get(proxyUrl)
  if (known) return known
  const limits = {maxTotalSockets: mostConnections, timeout: retryPolicy.idleConnectionMs}
  const tunnel = new HttpsProxyAgent(proxyUrl, {...keptConnections, ...limits})
  // The library hands a refusal of the proxy on as if it were the answer of the host behind it.
  tunnel.on('proxyConnect', ({statusCode}: {statusCode: number}, request: ClientRequest) => {
    if (statusCode === 200) return
    request.destroy(Object.assign(new Error('the proxy refused'), {code: proxyRefusal, status: statusCode}))
  })
  // Its types are those of another version of Node.
  const made = {agent: Object(tunnel) as Agent, variable}
  proxies.set(proxyUrl, made)
  return made
}
