import {build} from 'esbuild'

/** Bundles a program in TypeScript, which Node 20 does not run, into one file that it does. */
export async function bundle(source: URL, outfile: string): Promise<void> {
  await build({
    entryPoints: [source.pathname],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.17',
    banner: {
      js: "import {createRequire as _createRequire} from 'node:module'; const require = _createRequire(import.meta.url)",
    },
    logLevel: 'warning',
  })
}
