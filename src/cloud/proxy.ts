import type {Agent} from 'node:https'
import {isLoopback} from './endpoints.ts'

/** The way that requests to a URL go, as axios options of IBM's SDK; empty where the SDK finds it by itself. */
export interface Route {
  proxy?: false
  httpsAgent?: Agent
}

/** The proxy variables, those of `https:` URLs first. */
export const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'HTTP_PROXY', 'http_proxy']

/** The proxy variable in force, by name only: its value can hold a password. */
export function proxyVariable(): string | undefined {
  return proxyVariables.find(name => process.env[name])
}

/** Finds the way to any URL, by the proxy variables. What it gives throws a usage error for a proxy that is no URL. */
export async function findRoutes(): Promise<(url: string) => Route> {
  const throughProxy = proxyVariable() ? (await import('./tunnels.ts')).routeThroughProxy : undefined
  // A proxy has no business with an address of this machine, whatever the proxy variables say.
  return url => (isLoopback(url) ? {proxy: false} : (throughProxy?.(url) ?? {}))
}
