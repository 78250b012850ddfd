import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {globSync} from 'tinyglobby'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {withoutShortcut} from '../src/cli/shortcuts.ts'
import {runsFolder, sandboxFolder} from '../src/cli/state-folder.ts'
import {cacheFolder, configFile} from '../src/files/user-folders.ts'
import {type Sandbox, startSandbox} from '../src/sandbox/index.ts'
import type {Prompter} from '../src/terminal/prompts.ts'
import {allowSeconds} from './support/allow-seconds.ts'
import {runInProcess} from './support/run-in-process.ts'
import {freshEnvironment, runFile} from './support/run-vpcmd.ts'

allowSeconds(20, 'A test runs all the commands of an example.')

// Every block of the documents is run, and what it prints is compared with what the document shows.
// VPCMD_UPDATE_DOCS=1 writes what is printed now into the document instead: look at the difference.

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = readdirSync(join(root, 'docs'))
  .filter(name => name.endsWith('.md'))
  .map(name => join('docs', name))
const documents = [...readdirSync(root).filter(name => name.endsWith('.md')), ...pages]
const read = (file: string) => readFileSync(join(root, file), 'utf8')

interface Block {
  file: string
  language: string
  text: string
}

const blocks = documents.flatMap(file =>
  [...read(file).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', text = '']): Block => ({file, language, text}),
  ),
)
const isShell = ({language}: Block) => /^(console|sh|bash|shell)$/.test(language)
const runnable = blocks.filter(isShell)

/** What is not run here, by how it begins, and why. */
const notRun: Record<string, string> = {
  'npm ci && npm run demo': 'It installs the packages anew. .ci/run runs it in a clone.',
  'npm ci && npm test': 'It is what runs this test. .ci/run runs it in a clone.',
  'npm uninstall --global vpcmd': 'It removes what the user has. .ci/try-package runs it in a folder of its own.',
  'npm install --global ./vpcmd-VERSION.tgz': 'It installs. .ci/try-package does, in a folder of its own.',
  '   a shell, a script': 'It is a drawing.',
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
  /** The sandbox has so many accounts. */
  accounts?: number
  before?(world: World): Promise<unknown> | unknown
  /** What the line stands for here. */
  as?(line: string, world: World): Promise<string> | string
  exitCodes?: number[]
}

const idOf = ({sandbox}: World, name: string) => sandbox.fleet.list().find(each => each.name === name)?.id ?? ''
const run = ({env}: World, line: string) => runInProcess(line.split(' '), {env})

/** As on my-virtual-server-2, with its service on. Outside an instance there is no service to be found by itself. */
const onInstance: Setup = {
  before: async world => {
    await world.sandbox.fleet.change(idOf(world, 'my-virtual-server-2'), {metadata_service: {enabled: true}})
  },
  // With more time than it has on a quiet machine.
  as: async (line, world) =>
    `${line} --timeout 15 --endpoint ${(await world.sandbox.metadataAddress(idOf(world, 'my-virtual-server-2'))).url}`,
}

/** The policy of the page on audits, as a file. */
const writePolicy = ({folder}: World) => {
  const policy = blocks.find(({file, language}) => file === 'docs/audit.md' && language === 'yaml')
  writeFileSync(join(folder, 'policy.yaml'), policy?.text ?? '')
}

const setups: Record<string, Setup> = {
  'vpcmd instances list\n': {ownSandbox: true},
  'vpcmd instances list --region us-south': {},
  'vpcmd metadata enable my-virtual-server-2 --protocol https': {},
  'vpcmd metadata enable --all': {},
  'vpcmd metadata plan --enable --protocol https my-virtual-server-1': {},
  'vpcmd metadata audit --region eu-de': {exitCodes: [5]},
  'vpcmd connect my-virtual-server-2 -- uname': {},
  'vpcmd connect my-virtual-server-2 --sandbox -- uname': {ownSandbox: true},
  'vpcmd config set columns': {},
  'vpcmd instances list --assume vpcmd-auditor --account all': {accounts: 3},
  'vpcmd imds user-data': onInstance,
  'export IBMCLOUD_API_KEY=...': {},
  'vpcmd instances list --metadata disabled': {
    exitCodes: [0, 0, 4],
    // On a terminal it asks which one is meant.
    as: line => (line.includes('show web-1') ? `${line} --no-input` : line),
  },
  'vpcmd instances list --tag env:prod': {},
  'vpcmd metadata enable my-virtual-server-1 my-virtual-server-3 --protocol https --dry-run': {},
  'vpcmd instances list -q --metadata disabled': {},
  'vpcmd instances list -q --metadata enabled': {},
  'vpcmd instances restart my-virtual-server-2': {
    before: world => run(world, 'instances stop my-virtual-server-1 --accept-downtime'),
  },
  'vpcmd metadata plan --enable --protocol https --all': {},
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
  'vpcmd metadata audit --policy policy.yaml --verdict violation': {
    before: async world => {
      writePolicy(world)
      await run(world, 'metadata enable my-virtual-server-1 --hop-limit 5')
    },
    exitCodes: [5],
  },
  'vpcmd metadata audit --policy policy.yaml --fix-plan': {before: writePolicy, exitCodes: [5, 0]},
  // The workflow.
  'vpcmd metadata audit --policy policy.yaml --report': {before: writePolicy, exitCodes: [5]},
  'vpcmd metadata enable my-virtual-server-2\n': {before: pretendSsh},
  'vpcmd imds initialization': {...onInstance, exitCodes: [0, 0, 1]},
  'vpcmd imds script': {},
  'vpcmd metadata show my-virtual-server\n': {exitCodes: [4, 4]},
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
    JSON.parse(
      (await runInProcess(['imds', 'get', path, '--endpoint', url, '--timeout', '15', '--json'], {env})).stdout,
    )
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

async function startWorld({ownSandbox, accounts = 1}: Setup): Promise<World> {
  const sandbox = await startSandbox({account: 'a1234567', accounts, transitionMs: 20})
  const env = freshEnvironment(ownSandbox ? {VPCMD_SANDBOX: '1'} : sandbox.environment)
  const made = {sandbox, env, folder: mkdtempSync(join(tmpdir(), 'vpcmd-docs-'))}
  worlds.push(made)
  return made
}

/** The words of a line as a shell of one pipe takes them: quotes, and no more. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/['"]/g, ''))
}

const files =
  /^((?:\w+=)?)(plan\.json|policy\.yaml|fix\.json|audit\.sarif|audit\.html|\$GITHUB_STEP_SUMMARY|collected(?:\/[\w.-]+)?)$/

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
    const host = {
      stdout: collect(isLast),
      stderr: collect(true),
      prompter: async () => (args.includes('show') ? undefined : agreeable),
    }
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
    .replace(/\b\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z| \d\d:\d\d UTC)/g, '<time>')
    .replace(/(?<=\b(?:undo|resume|Run|of|by) )[0-9a-f]{4}\b(?!-)|^[0-9a-f]{4}(?= {2})/gm, '<run>')
    .replace(/turned on by vpcmd on \d{4}-\d\d-\d\d/g, 'turned on by vpcmd on <day>')
    .replace(/trace: [0-9a-f-]{36}/g, 'trace: <uuid>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/(Created my-virtual-server-4 \()\S+(\)\.\n.*\n)\S+/g, '$1<id>$2<id>')
    .replace(/ in \d+ s\b/g, ' in <n> s')
    // How often it is told how far things are is a matter of time.
    .replace(/^(Restarting: |Working\.|Reading \d+ region|Waiting for |Looking for ).*\n/gm, '')
    .replace(/ +$/gm, '')
    // How wide a column is depends on the folder.
    .replace(/ {2,}/g, '  ')
    .trimEnd()

const setupOf = ({text}: Pick<Block, 'text'>) => {
  const start = text.replace(/^\$ /, '')
  // The longest that fits: several begin alike.
  const key = Object.keys(setups)
    .filter(each => start.startsWith(each))
    .sort((a, b) => b.length - a.length)[0]
  return key === undefined ? undefined : setups[key]
}
const reasonOf = ({text}: Pick<Block, 'text'>) => Object.entries(notRun).find(([start]) => text.startsWith(start))?.[1]

/** What the workflows of the documents run, a step each. */
const steps = blocks
  .filter(({language, text}) => language === 'yaml' && /^jobs:/m.test(text))
  .flatMap(({file, text}) =>
    Object.values<{steps: {run?: string}[]}>(parse(text).jobs).flatMap(job =>
      job.steps.flatMap(({run: line}) => (line === undefined ? [] : {file, language: 'sh', text: `${line}\n`})),
    ),
  )
const shellBlocks = [...runnable, ...steps]

it('every block is run, or has a reason why not', () => {
  expect(runnable.length).toBeGreaterThan(10)
  const others = blocks.filter(block => !isShell(block) && !/^(js|yaml)$/.test(block.language))
  const unknown = [...shellBlocks, ...others].filter(block => !setupOf(block) && !reasonOf(block))
  expect(unknown.map(({file, text}) => `${file}: ${text}`)).toEqual([])
  const starts = Object.keys({...setups, ...notRun})
  const used = starts.filter(start =>
    [...shellBlocks, ...others].some(({text}) => text.replace(/^\$ /, '').startsWith(start)),
  )
  expect(starts.filter(start => !used.includes(start))).toEqual([])
  // What is YAML is a config file, the policy, or a workflow.
  expect(blocks.filter(({language}) => language === 'yaml').map(({file}) => file)).toEqual([
    'docs/accounts.md',
    'docs/audit.md',
    'docs/scripts.md',
  ])
  expect(steps.length).toBeGreaterThan(1)
})

it('docs/accounts.md: the profiles are as vpcmd reads them', async () => {
  const config = blocks.find(({file, language}) => file === 'docs/accounts.md' && language === 'yaml')
  const env = freshEnvironment()
  const file = configFile(env) ?? ''
  mkdirSync(dirname(file), {recursive: true, mode: 0o700})
  writeFileSync(file, config?.text ?? '', {mode: 0o600})
  const {code, stdout, stderr} = await runInProcess(['profiles', 'list', '--json'], {env})
  expect({code, stderr}).toEqual({code: 0, stderr: ''})
  expect(JSON.parse(stdout)).toMatchObject([{name: 'security', default: true, account: ['all']}, {name: 'build'}])
})

it.each(blocks.filter(({language}) => language === 'js').map(({file, text}) => [file, text] as const))(
  '%s: the program ends well',
  async (_file, text) => {
    // From the root, the package finds itself by its name.
    const {code, stderr} = await runFile(
      'sh',
      ['-c', `cd '${root}' && exec node --input-type=module`],
      freshEnvironment(),
      text,
    )
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
  },
)

describe('what a document shows is what is printed', () => {
  const run = shellBlocks.filter(block => !reasonOf(block))
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
          read(file).replace(block.text, () => `${shown.trimEnd()}\n`),
        )
        return
      }
      expect(normal(shown)).toBe(normal(block.text))
    },
  )
})

it('README.md shows nothing that a terminal of 120 columns would break', () => {
  const shown = blocks.filter(({file}) => file === 'README.md').flatMap(({text}) => text.split('\n'))
  expect(shown.filter(line => line.length > 120)).toEqual([])
})

it('the demo runs what the page on the sandbox shows', () => {
  const demo = read('.config/demo.mjs')
  const [, list = ''] = /const commands = \[\n([\s\S]*?)\]/.exec(demo) ?? []
  const commands = [...list.matchAll(/'(.*)',/g)].map(([, command]) => `vpcmd ${command}`)
  const first = runnable.find(({file, language}) => file === 'docs/sandbox.md' && language === 'console')
  expect([...(first?.text ?? '').matchAll(/^\$ (.*)$/gm)].map(([, line]) => line)).toEqual(commands)
})

describe('what is named within a sentence', () => {
  interface Manifest {
    commands: Record<string, {flags: Record<string, {char?: string; allowNo?: boolean}>}>
  }
  let manifest: Manifest
  beforeAll(() => {
    manifest = JSON.parse(read('oclif.manifest.json'))
  })
  const named = documents.flatMap(file =>
    [
      ...read(file)
        .replace(/^```[\s\S]*?^```$/gm, '')
        .matchAll(/`(vpcmd [^`]+)`/g),
    ].map(([, line = '']) => [file, line] as const),
  )

  it.each(named)('%s: %s', (_file, line) => {
    const [first = '', second = '', ...rest] = withoutShortcut(line.split(' ').slice(1))
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

describe('how the pages hang together', () => {
  const prose = (file: string) => read(file).replace(/^```[\s\S]*?^```$/gm, '')
  const headings = (file: string) => [...prose(file).matchAll(/^##+ (.*)$/gm)].map(([, heading = '']) => heading)
  /** The anchor that GitHub gives a heading. */
  const anchor = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-')

  it('README.md has at most 200 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(200)
  })

  it.each(pages)('%s begins with a table of its contents', file => {
    const [, contents = ''] = /^# .*\n\n(?:[^-#\n].*\n\n)?((?:- \[.*\]\(#.*\)\n)+)/.exec(read(file)) ?? []
    expect(contents.trimEnd().split('\n')).toEqual(headings(file).map(each => `- [${each}](#${anchor(each)})`))
  })

  it.each(documents)('%s: each link leads somewhere', file => {
    for (const [, target = ''] of prose(file).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https:\/\//.test(target)) continue
      const [path = '', fragment] = target.split('#')
      const there = path === '' ? file : join(dirname(file), path)
      expect(existsSync(join(root, there)), `${target} of ${file}`).toBe(true)
      if (fragment !== undefined) expect(headings(there).map(anchor), target).toContain(fragment)
    }
  })

  it('README.md leads to each page', () => {
    for (const page of pages) expect(read('README.md')).toContain(`](${page})`)
  })

  it.runIf(process.platform === 'linux')('the page on uninstalling names the folders that vpcmd keeps', () => {
    const env = {HOME: '/nobody-has-this'}
    for (const folder of [runsFolder(env), sandboxFolder(env), cacheFolder(env)]) {
      expect(read('docs/uninstall.md')).toContain(`\`${folder?.replace(env.HOME, '~')}\``)
    }
  })
})

/** The rows of all tables of a page that have a header which begins so, each as its cells. */
function rowsBelow(file: string, header: string): string[][] {
  const tables = read(file).split(/\n(?!\|)/)
  return tables
    .filter(table => table.trimStart().startsWith(`| ${header} |`))
    .flatMap(table => table.trim().split('\n').slice(2))
    .map(row =>
      row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
}

describe('the page on troubleshooting', () => {
  const lines = globSync('src/**/*.ts', {cwd: root}).flatMap(file => read(file).split('\n'))
  const printed = blocks.filter(({language}) => language === 'console').flatMap(({text}) => text.split('\n'))
  const said = [...lines, ...printed]
  const rows = rowsBelow('docs/troubleshooting.md', 'message').map(row => row as [string, string, string, string])

  it('has messages', () => {
    expect(rows.length).toBeGreaterThan(30)
  })

  it.each(rows)('%s is a message of vpcmd', cell => {
    const parts = cell.replace(/^`|`$/g, '').split('…')
    const isIn = (line: string) => {
      let from = 0
      return parts.every(part => {
        const at = line.indexOf(part, from)
        from = at + part.length
        return at >= 0
      })
    }
    expect(said.some(isIn), cell).toBe(true)
  })

  it.each(rows.flatMap(([, code]) => /^`(\w+)`$/.exec(code)?.[1] ?? []))('%s is a code of an error', code => {
    expect(lines.some(line => line.includes(`'${code}'`))).toBe(true)
  })
})

describe('the table of JSON', () => {
  interface Schema {
    properties?: Record<string, Schema>
    items?: Schema
  }
  const {definitions} = JSON.parse(read('test/contract/output.schema.json')) as {definitions: Record<string, Schema>}
  const keysOf = ({properties = {}, items}: Schema): string[] => [
    ...Object.entries(properties).flatMap(([key, inner]) => [key, ...keysOf(inner)]),
    ...(items ? keysOf(items) : []),
  ]
  const rows = rowsBelow('docs/scripts.md', 'command').map(([commands = '', shape = '']) => ({
    commands: commands.startsWith('`') ? [...commands.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name) : [commands],
    keys: [...shape.matchAll(/`\{([^`]+)\}`/g)].flatMap(([, keys = '']) =>
      keys.split(', ').map(key => key.replace('?', '')),
    ),
  }))

  it('has each command that prints JSON', () => {
    expect(rows.flatMap(({commands}) => commands).sort()).toEqual(Object.keys(definitions).sort())
  })

  it('names keys that there are', () => {
    for (const {commands, keys} of rows) {
      const known = commands.flatMap(command => keysOf(definitions[command] ?? {}))
      expect({commands, unknown: keys.filter(key => !known.includes(key))}).toEqual({commands, unknown: []})
    }
  })
})

it('the picture of README.md is what the commands print now: else run npm run picture', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-picture-'))
  try {
    const file = join(folder, 'terminal.svg')
    const script = join(root, '.config', 'picture.mjs')
    const {code, stderr} = await runFile(process.execPath, [script, file], freshEnvironment(), '')
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(readFileSync(file, 'utf8')).toBe(read('docs/terminal.svg'))
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
})
