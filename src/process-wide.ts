/** One value for the whole process: the build puts this code into several bundles, and each of them gets the same value. */
export function processWide<T extends object>(name: string, make: () => T): T {
  const shared = globalThis as Record<symbol, unknown>
  const key = Symbol.for(`vpcmd.${name}`)
  if (shared[key] === undefined) shared[key] = make()
  return shared[key] as T
}
