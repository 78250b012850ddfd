import type {Agent} from 'node:https'
import {HttpsProxyAgent} from 'https-proxy-agent'
import {getProxyForUrl} from 'proxy-from-env'
import {usageError} from '../errors.ts'
import {proxyVariable, proxyVariables, type Route} from './proxy.ts'

/** As Node's own agent has it: a tunnel that was idle for longer may have been forgotten by the proxy. */
const keeping = {keepAlive: true, scheduling: 'lifo', timeout: 5000} as const

const agents = new Map<string, Agent>()

/**
 * The way to a URL where there are proxy variables. The agent of the SDK's own opens a tunnel through the proxy for each
 * request; this one keeps it, so that its handshakes are made once. Throws a usage error for a proxy that is no URL.
 */
export function routeThroughProxy(url: string): Route {
  if (!url.startsWith('https:')) return {}
  const proxy = getProxyForUrl(url)
  if (!proxy) return {proxy: false}
  // One without a scheme is given that of the URL by the library; for curl and ibmcloud it is one of http.
  const isAsTyped = proxyVariables.some(name => process.env[name] === proxy)
  const proxyUrl = isAsTyped ? proxy : proxy.replace(/^https:/, 'http:')
  if (!URL.canParse(proxyUrl) || !/^https?:$/.test(new URL(proxyUrl).protocol)) {
    throw usageError(`${proxyVariable()} is not the URL of an HTTP proxy.`, 'It takes one such as http://proxy:3128.')
  }
  // Its types are those of another version of Node.
  const agent = agents.get(proxyUrl) ?? (new HttpsProxyAgent(proxyUrl, keeping) as unknown as Agent)
  agents.set(proxyUrl, agent)
  return {proxy: false, httpsAgent: agent}
}
