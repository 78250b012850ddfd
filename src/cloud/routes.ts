import type {Agent} from 'node:http'
import {isLoopback} from './endpoints.ts'

/** The proxy variables, those of `https:` URLs first. */
const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'HTTP_PROXY', 'http_proxy']

/** The proxy variable in force for a URL, by name only, as its value can hold a password; undefined where no proxy is asked. */
export function proxyVariable(env: NodeJS.ProcessEnv, url: string): string | undefined {
  return isLoopback(url) ? undefined : proxyVariables.find(name => env[name])
}

/** The agent of the proxy that leads to a URL; undefined where none does. Throws a usage error for a proxy that is no URL. */
export type RouteTo = (url: string) => Agent | undefined

/** Finds the way to any URL, by the proxy variables. Nothing on this machine is asked through a proxy, whatever they say. */
export async function findRoutes(env: NodeJS.ProcessEnv, mostConnections?: number): Promise<RouteTo> {
  if (!proxyVariables.some(name => env[name])) return () => undefined
  const {routeThroughProxy} = await import('./tunnels.ts')
  return url => (isLoopback(url) ? undefined : routeThroughProxy(url, env, proxyVariables, mostConnections))
}
