import {isLoopback, isMetadataService} from './endpoints.ts'
import type {HttpProxy} from './transport.ts'

/** The proxy variables, those of `https:` URLs first. */
const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'HTTP_PROXY', 'http_proxy']

/** The proxy that leads to a URL; undefined where none does. Throws a usage error for a proxy that is no URL. */
export type RouteTo = (url: string) => HttpProxy | undefined

/**
 * Finds the way to any URL, by the proxy variables. Nothing on this machine is asked through a proxy, whatever they say, and
 * its metadata service neither: a proxy would ask its own, and hand out the identity of another machine.
 */
export async function findRoutes(env: NodeJS.ProcessEnv, mostConnections?: number): Promise<RouteTo> {
  if (!proxyVariables.some(name => env[name])) return () => undefined
  const {routeThroughProxy} = await import('./tunnels.ts')
  return url =>
    isLoopback(url) || isMetadataService(url) ? undefined : routeThroughProxy(url, env, proxyVariables, mostConnections)
}
