import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../src/sandbox/index.ts'
import type {Prompter} from '../src/terminal/prompts.ts'
import {allowSeconds} from './support/allow-seconds.ts'
import {runInProcess} from './support/run-in-process.ts'
import {freshEnvironment} from './support/run-vpcmd.ts'

allowSeconds(20, 'A test runs all the commands of an example.')

// Every block of console or sh in the documents is run, and what it prints is compared with what the document shows.
// VPCMD_UPDATE_DOCS=1 writes what is printed now into the document instead: look at the difference.

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs')).map(name => join('docs', name)),
]

interface Block {
  file: string
  language: string
  text: string
}

const blocks = documents.flatMap(file =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = '']): Block => ({file, language, text}),
  ),
)
const runnable = blocks.filter(({language}) => /^(console|sh|bash|shell)$/.test(language))

/** What is not run here, by how it begins, and why. */
const notRun: Record<string, string> = {
  'npm ci && npm run demo': 'It installs the packages anew. .ci/run runs it in a clone.',
  'npm ci && npm test': 'It is what runs this test. .ci/run runs it in a clone.',
}

interface World {
  sandbox: Sandbox
  env: Record<string, string>
  /** The folder that relative paths of the document lie in. */
  folder: string
}

/** What has to be so for a block, by how it begins. A block that goes on from the one before says `continues`. */
interface Setup {
  continues?: boolean
  /** The command runs the sandbox within itself. */
  ownSandbox?: boolean
  before?(world: World): Promise<unknown> | unknown
  /** What the line stands for here. */
  as?(line: string, world: World): Promise<string> | string
  exitCodes?: number[]
}

const idOf = ({sandbox}: World, name: string) => sandbox.fleet.list().find(each => each.name === name)?.id ?? ''
const run = ({env}: World, line: string) => runInProcess(line.split(' '), {env})

const setups: Record<string, Setup> = {
  'vpcmd instances list': {ownSandbox: true},
  'export IBMCLOUD_API_KEY=...': {},
  'vpcmd instances list --metadata disabled': {
    exitCodes: [0, 0, 4],
    // On a terminal it asks which one is meant.
    as: line => (line.includes('show web-1') ? `${line} --no-input` : line),
  },
  'vpcmd metadata enable my-virtual-server-1 my-virtual-server-3 --protocol https --dry-run': {},
  // The first line leaves nothing for the second.
  'vpcmd instances list -q --metadata disabled': {exitCodes: [0, 4]},
  'vpcmd instances restart my-virtual-server-2': {
    before: world => run(world, 'instances stop my-virtual-server-1 --accept-downtime'),
  },
  'vpcmd metadata plan': {},
  'vpcmd metadata apply plan.json --yes': {
    continues: true,
    before: world =>
      world.sandbox.fleet.change(idOf(world, 'my-virtual-server-1'), {
        metadata_service: {enabled: true, response_hop_limit: 5},
      }),
    exitCodes: [1],
  },
  'vpcmd metadata undo --yes': {continues: true},
  'vpcmd metadata enable my-virtual-server-1 my-virtual-server-3 web-2 --protocol https --restart': {},
  'vpcmd metadata audit': {
    before: async world => {
      const policy = blocks.find(({language}) => language === 'yaml')
      writeFileSync(join(world.folder, 'policy.yaml'), policy?.text ?? '')
      await run(world, 'metadata enable my-virtual-server-1 --hop-limit 5')
    },
    exitCodes: [5],
  },
  'vpcmd metadata enable my-virtual-server-2': {before: pretendSsh},
  'vpcmd imds initialization': {
    before: async world => {
      await world.sandbox.fleet.change(idOf(world, 'my-virtual-server-2'), {metadata_service: {enabled: true}})
    },
    // Outside an instance there is no service to be found by itself.
    as: async (line, {sandbox}) =>
      `${line} --endpoint ${(await sandbox.metadataAddress(idOf({sandbox} as World, 'my-virtual-server-2'))).url}`,
    exitCodes: [0, 0, 1],
  },
  // Another one may listen at the port of the document.
  'vpcmd sandbox start --port 4010': {as: line => line.replace('4010', '0')},
}

/** In place of ssh: hands back what the metadata service of the instance says, as the script on it would. */
async function pretendSsh({sandbox, env, folder}: World): Promise<void> {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const id = idOf({sandbox} as World, 'my-virtual-server-2')
  await sandbox.fleet.change(id, {metadata_service: {enabled: true}})
  const {url} = await sandbox.metadataAddress(id)
  const said = async (path: string) =>
    JSON.parse((await runInProcess(['imds', 'get', path, '--endpoint', url, '--json'], {env})).stdout)
  const document = {
    instance: await said('instance'),
    'instance/initialization': await said('instance/initialization'),
  }
  writeFileSync(join(folder, 'said.json'), JSON.stringify(document))
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\ncat >/dev/null\ncat '${folder}/said.json'\n`)
  chmodSync(join(bin, 'ssh'), 0o755)
  await sandbox.fleet.change(id, {metadata_service: {enabled: false}})
  Object.assign(env, {PATH: `${bin}:${env.PATH}`, VPCMD_SANDBOX_SSH: '1'})
}

let world: World | undefined
const worlds: World[] = []
afterAll(async () => {
  for (const {sandbox, folder} of worlds) {
    await sandbox.close()
    rmSync(folder, {recursive: true, force: true})
  }
})

async function startWorld({ownSandbox}: Setup): Promise<World> {
  const sandbox = await startSandbox({account: 'a1234567', transitionMs: 20})
  const env = freshEnvironment(ownSandbox ? {VPCMD_SANDBOX: '1'} : sandbox.environment)
  const made = {sandbox, env, folder: mkdtempSync(join(tmpdir(), 'vpcmd-docs-'))}
  worlds.push(made)
  return made
}

/** The words of a line as a shell of one pipe takes them: quotes, and no more. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/['"]/g, ''))
}

const files = /^((?:\w+=)?)(plan\.json|policy\.yaml|fix\.json|audit\.sarif|audit\.html|collected(?:\/[\w.-]+)?)$/

/** Everything that a line of the document prints, in the order in which it is printed, and its exit code. */
async function type(line: string, {env, folder}: World): Promise<{printed: string; code: number | null}> {
  const [, name, value] = /^export (\w+)=(.*)$/.exec(line) ?? []
  if (name) {
    // Three dots stand for what a reader puts in.
    if (value && value !== '...') env[name] = value
    return {printed: '', code: 0}
  }
  let stdin = ''
  let printed = ''
  let code: number | null = 0
  const commands = line.split(' | ')
  for (const [index, command] of commands.entries()) {
    const [program, ...args] = words(command).map(word => word.replace(files, `$1${folder}/$2`))
    if (program !== 'vpcmd') throw new Error(`What is ${program} in ${line}?`)
    const isLast = index === commands.length - 1
    const collect = (isShown: boolean) => ({
      write(text: string | Uint8Array, done?: () => void) {
        if (isShown) printed += String(text)
        else piped += String(text)
        done?.()
      },
    })
    let piped = ''
    const host = {stdout: collect(isLast), stderr: collect(true), prompter: async () => agreeable}
    ;({code} = await runInProcess(args, {env, stdin, signal: args[0] === 'sandbox' ? 'SIGTERM' : undefined, host}))
    stdin = piped
  }
  return {printed: printed.replaceAll(`${folder}/`, ''), code}
}

/** Says yes, and has nothing to choose. */
const agreeable = {confirm: async () => true} as Partial<Prompter> as Prompter

/** What differs from run to run, as a word in its place. */
const normal = (text: string) =>
  text
    .replace(/\b\d{8}-\d{6}-[0-9a-f]{4}\b/g, '<run>')
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replace(/turned on by vpcmd on \d{4}-\d\d-\d\d/g, 'turned on by vpcmd on <day>')
    .replace(/trace: [0-9a-f-]{36}/g, 'trace: <uuid>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/(Created my-virtual-server-4 \()\S+(\)\.\n)\S+/g, '$1<id>$2<id>')
    .replace(/ in \d+ s\b/g, ' in <n> s')
    // How often it is told how far things are is a matter of time.
    .replace(/^Restarting: .*\n/gm, '')
    .replace(/ +$/gm, '')
    // How wide a column is depends on the folder.
    .replace(/ {2,}/g, '  ')
    .trimEnd()

const setupOf = ({text}: Block) => {
  const start = text.replace(/^\$ /, '')
  // The longest that fits: several begin alike.
  const key = Object.keys(setups)
    .filter(each => start.startsWith(each))
    .sort((a, b) => b.length - a.length)[0]
  return key === undefined ? undefined : setups[key]
}
const reasonOf = ({text}: Block) => Object.entries(notRun).find(([start]) => text.startsWith(start))?.[1]

it('every block is run, or has a reason why not', () => {
  expect(runnable.length).toBeGreaterThan(10)
  const unknown = runnable.filter(block => !setupOf(block) && !reasonOf(block))
  expect(unknown.map(({file, text}) => `${file}: ${text}`)).toEqual([])
  const starts = Object.keys({...setups, ...notRun})
  const used = starts.filter(start => runnable.some(({text}) => text.replace(/^\$ /, '').startsWith(start)))
  expect(starts.filter(start => !used.includes(start))).toEqual([])
})

describe('what a document shows is what is printed', () => {
  const run = runnable.filter(block => !reasonOf(block))
  it.each(run.map(block => [block.file, block.text.split('\n')[0] ?? '', block] as const))(
    '%s: %s',
    async (file, _line, block) => {
      const setup = setupOf(block) ?? {}
      if (!setup.continues || !world) world = await startWorld(setup)
      await setup.before?.(world)
      const isConsole = block.language === 'console'
      const lines = isConsole ? [...block.text.matchAll(/^\$ (.*)$/gm)].map(([, line = '']) => line) : []
      if (!isConsole) lines.push(...block.text.trim().split('\n'))
      let shown = ''
      const codes: (number | null)[] = []
      for (const line of lines) {
        const {printed, code} = await type((await setup.as?.(line, world)) ?? line, world)
        codes.push(code)
        shown += `$ ${line}\n${printed}\n`
      }
      // With what was printed, which says why where a code is another.
      expect({codes, shown}).toEqual({codes: setup.exitCodes ?? lines.map(() => 0), shown: expect.any(String)})
      if (!isConsole) return
      if (process.env.VPCMD_UPDATE_DOCS && normal(shown) !== normal(block.text)) {
        const path = join(root, file)
        writeFileSync(
          path,
          readFileSync(path, 'utf8').replace(block.text, () => `${shown.trimEnd()}\n`),
        )
        return
      }
      expect(normal(shown)).toBe(normal(block.text))
    },
  )
})

it('the demo runs what the first example shows', () => {
  const demo = readFileSync(join(root, '.config', 'demo.mjs'), 'utf8')
  const [, list = ''] = /const commands = \[\n([\s\S]*?)\]/.exec(demo) ?? []
  const commands = [...list.matchAll(/'(.*)',/g)].map(([, command]) => `vpcmd ${command}`)
  const [first] = runnable.filter(({language}) => language === 'console')
  expect([...(first?.text ?? '').matchAll(/^\$ (.*)$/gm)].map(([, line]) => line)).toEqual(commands)
})

describe('what is named within a sentence', () => {
  interface Manifest {
    commands: Record<string, {flags: Record<string, {char?: string; allowNo?: boolean}>}>
  }
  let manifest: Manifest
  beforeAll(() => {
    manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'))
  })
  const named = documents.flatMap(file =>
    [
      ...readFileSync(join(root, file), 'utf8')
        .replace(/^```[\s\S]*?^```$/gm, '')
        .matchAll(/`(vpcmd [^`]+)`/g),
    ].map(([, line = '']) => [file, line] as const),
  )

  it.each(named)('%s: %s', (_file, line) => {
    const [, first = '', second = '', ...rest] = line.split(' ')
    if (first.startsWith('-')) return expect(['--help', '--version']).toContain(first)
    const id = [`${first}:${second}`, first].find(each => manifest.commands[each])
    expect(id, `the command of ${line}`).toBeDefined()
    const flags = manifest.commands[id ?? '']?.flags ?? {}
    const known = Object.entries(flags).flatMap(([name, {char}]) => [`--${name}`, ...(char ? [`-${char}`] : [])])
    for (const word of [second, ...rest].filter(each => each.startsWith('-') && each !== '--' && each !== '-')) {
      expect([...known, '--help']).toContain(word.replace(/=.*/, ''))
    }
  })
})
