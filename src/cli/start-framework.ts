import {keepCompiledCode} from '../files/compile-cache.ts'
import {fewestOpenFiles, openFileLimit} from '../files/open-file-limit.ts'
import {homeFolder} from '../files/user-folders.ts'

/** Runs a command with the framework, once it is seen that there is what it takes to load it. */
export async function startFramework(argv: string[], host: NodeJS.Process): Promise<void> {
  // Since Node 22.8.
  const {enableCompileCache}: NewerModule = host.getBuiltinModule('node:module')
  if (enableCompileCache) await keepCompiledCode(enableCompileCache, host.env)
  if (openFileLimit(fewestOpenFiles) < fewestOpenFiles) return refuseToStart(argv, host, fewestOpenFiles)
  // The framework asks for it when it is loaded, and fails where there is none. Container runtimes say this one then, too.
  if (homeFolder(host.env) === undefined) host.env.HOME = '/'
  // main.ts has looked at Node's version; the framework would load what compares versions.
  host.env.OCLIF_DISABLE_ENGINE_WARNING = '1'
  // It would look for a file of colours.
  host.env.VPCMD_DISABLE_THEME = '1'
  const {runVpcmd} = await import('./run-vpcmd.ts')
  await runVpcmd(argv)
}

type NewerModule = Partial<typeof import('node:module')> & {enableCompileCache?: (folder: string) => unknown}

/** A module that finds no room in the middle of a change would end it there. */
function refuseToStart(args: string[], host: NodeJS.Process, fewest: number): void {
  const message = `vpcmd needs at least ${fewest} open files, and the limit is lower: nothing was sent.`
  const hint = 'Raise the limit: ulimit -n 1024'
  const asksForJson = /(^| )(--json|(-o|--output)[ =]?jsonl?)( |$)/.test(args.join(' '))
  host.exitCode = 1
  if (asksForJson) host.stdout.write(`${JSON.stringify({error: {code: 'too_few_files', message, hint}})}\n`)
  else host.stderr.write(`Error: ${message}\n${hint}\n`)
}
