// Builds dist/ (one bundle, split by command, so that a command loads only what it uses; the licenses of what is in it; and
// the types of the sandbox) and oclif.manifest.json (the flags and help of every command, so that --help loads no command at all).
import {isAscii} from 'node:buffer'
import {execFileSync} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {globSync} from 'tinyglobby'
import {fromProcess, mergeChunks} from './merge-chunks.mjs'
import {thirdPartyNotices} from './notices.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
rmSync('dist', {recursive: true, force: true})

// Some dependencies are CommonJS: inside a bundle they still ask for require, __filename and __dirname.
const commonjs = [
  "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url)",
  "const __filename = process.getBuiltinModule('node:url').fileURLToPath(import.meta.url)",
  "const __dirname = process.getBuiltinModule('node:path').dirname(__filename)",
].join(';')
const asksForCommonjs = /\b(require|__filename|__dirname)\b/

// Scripts, styles and templates that vpcmd prints: `import text from './file?raw'`, as Vite reads it in tests.
const rawText = {
  name: 'raw-text',
  setup: ({onResolve, onLoad}) => {
    onResolve({filter: /\?raw$/}, ({path, resolveDir}) => ({
      path: join(resolveDir, path.replace(/\?raw$/, '')),
      namespace: 'raw-text',
    }))
    onLoad({filter: /./, namespace: 'raw-text'}, ({path}) => ({contents: readFileSync(path), loader: 'text'}))
  },
}

const packages = join(root, 'node_modules')

/** The text of a file with a part replaced, which has to be there. */
function replaced(path, part, by) {
  const text = readFileSync(path, 'utf8')
  if (!text.includes(part)) throw new Error(`${path} no longer has: ${part}`)
  return text.replace(part, by)
}

// Of what IBM's core loads, vpcmd uses no other way to send than its own (src/cloud/sdk-adapter.ts), keeps no cookies and
// sends no files: without them it starts much sooner. Whatever asked for one of them all the same would fail, and not go elsewhere.
const unused = {
  name: 'unused',
  setup: ({onResolve, onLoad}) => {
    // Its sources, as its bundle for CommonJS is one file.
    onResolve({filter: /^axios$/}, () => ({path: join(packages, 'axios/index.js')}))
    onLoad({filter: /[\\/]axios[\\/]lib[\\/]adapters[\\/](http|xhr|fetch)\.js$/}, () => ({
      contents: 'export default false; export const getFetch = () => false',
    }))
    // A folder higher than where its modules look for it.
    onResolve({filter: /^\.\.\/package\.json$/}, ({importer}) =>
      /[\\/]ibm-cloud-sdk-core[\\/]es[\\/]/.test(importer)
        ? {path: join(packages, 'ibm-cloud-sdk-core/package.json')}
        : undefined,
    )
    // To look at this global makes Node load all of fetch; there is none of it in a request of vpcmd.
    onLoad({filter: /[\\/]axios[\\/]lib[\\/]utils\.js$/}, ({path}) => ({
      contents: replaced(path, "typeof G.FormData !== 'undefined' ? G.FormData : undefined", 'undefined'),
    }))
    // The first comparison by language takes Node some milliseconds.
    onLoad({filter: /[\\/]@oclif[\\/]core[\\/]lib[\\/]config[\\/]plugin\.js$/}, ({path}) => ({
      contents: replaced(path, 'a.id.localeCompare(b.id)', 'a.id < b.id ? -1 : 1'),
    }))
    // oclif makes its configuration anew, twice, as a command may be of another version of oclif: here there is one.
    onLoad({filter: /[\\/]@oclif[\\/]core[\\/]lib[\\/]config[\\/]config\.js$/}, ({path}) => ({
      contents: replaced(path, 'if (isConfig(opts)) {', 'if (opts._base === BASE) return opts\nif (isConfig(opts)) {'),
    }))
    // A file of ASCII alone is read sooner (see the check below).
    onLoad({filter: /[\\/]ansis[\\/]index\.js$/}, ({path}) => ({contents: replaced(path, '\x9b', '\\x9b')}))
    // Of some hundred, oclif takes these.
    onLoad({filter: /[\\/]cli-spinners[\\/]spinners\.json$/}, ({path}) => {
      const {line, dots2} = JSON.parse(readFileSync(path, 'utf8'))
      return {contents: JSON.stringify({line, dots2}), loader: 'json'}
    })
    // It says nothing where there is no DEBUG, which main.ts takes away.
    onResolve({filter: /^debug$/}, ({path}) => ({path, namespace: 'silent'}))
    onLoad({filter: /./, namespace: 'silent'}, () => ({
      contents: 'export default () => Object.assign(() => {}, {enabled: false})',
    }))
    // oclif measures itself, and asks Windows for its shell, where it is told to.
    onResolve({filter: /^node:(child_process|perf_hooks)$/}, ({path, importer}) =>
      /[\\/]@oclif[\\/]core[\\/]/.test(importer) ? {path, namespace: 'builtin'} : undefined,
    )
    onLoad({filter: /./, namespace: 'builtin'}, ({path}) => ({
      contents: `module.exports = new Proxy({}, {get: (_, name) => process.getBuiltinModule('${path}')[name]})`,
    }))
    onResolve({filter: /^(tough-cookie|form-data|mime-types)$/}, ({path}) => ({path, namespace: 'unused'}))
    onLoad({filter: /./, namespace: 'unused'}, ({path}) => {
      const refusal = `{ throw new Error('vpcmd is built without ${path}') }`
      // A form is made for each request, and filled for none.
      return {
        contents: `export class CookieJar { constructor() ${refusal} } export default class FormData { append() ${refusal} }
          export function lookup() ${refusal}`,
      }
    })
  },
}

// What is rarely called is a file of its own, loaded when it is called: oclif looks for files only where there is no
// manifest, and IBM's core looks into tokens only when it gets one.
const calledLate = {
  ejs: 'render',
  jsonwebtoken: 'decode',
  minimatch: 'minimatch',
  semver: 'satisfies',
  tinyglobby: 'glob',
}
const late = {
  name: 'late',
  setup: ({onResolve, onLoad}) => {
    onResolve({filter: new RegExp(`^(${Object.keys(calledLate).join('|')})$`)}, ({path, namespace}) =>
      namespace === 'late' ? {path: `./${path}.cjs`, external: true} : {path, namespace: 'late'},
    )
    onLoad({filter: /./, namespace: 'late'}, ({path}) => ({
      contents: `exports.${calledLate[path]} = (...args) => require('${path}').${calledLate[path]}(...args)`,
    }))
  },
}

const common = {
  plugins: [rawText, unused, late],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  // Names stay: a stack says more with them, and to give them back at start-up would take longer than to read them.
  minifyWhitespace: true,
  minifySyntax: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.17',
  // ssh2 does without its native parts, which are built where it is installed with scripts.
  external: ['ibm-vpc', 'cpu-features', '*.node'],
  legalComments: 'none',
  // For the stacks that --debug prints: Node reads the maps only then (src/main.ts).
  sourcemap: true,
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
}

// What main.ts goes on with, and what quick answers seldom need, are files of their own; the latter share none with what
// needs the framework, which would be loaded with them.
const later = ['cli/run-vpcmd', 'cli/last-resort']
const seldom = ['cli/report-error', 'cli/progress-line', 'terminal/formats', 'files/read-input']
const quickly = 'cli/completion/complete'
const starting = 'cli/start-framework'
const laterFrom = folder => ({
  name: 'later',
  setup: ({onResolve}) =>
    onResolve({filter: /^\.\.?\/.*\.ts$/}, ({path, kind, resolveDir}) => {
      const name = relative(join(root, 'src'), join(resolveDir, path)).replace(/\.ts$/, '')
      const isApart = kind === 'dynamic-import' && [...later, ...seldom, quickly, starting].includes(name)
      return isApart ? {path: `./${relative(folder, name)}.js`, external: true} : undefined
    }),
})

const builtins = {
  name: 'builtins',
  setup: ({onLoad}) =>
    onLoad({filter: /[\\/]src[\\/].*\.ts$/}, ({path}) => ({
      contents: fromProcess(readFileSync(path, 'utf8')),
      loader: 'ts',
    })),
}

const built = await Promise.all([
  build({
    ...common,
    entryPoints: [
      ...later.map(name => `src/${name}.ts`),
      'src/cli/help.ts',
      'src/sandbox/index.ts',
      ...globSync('src/commands/**/*.ts'),
    ],
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    alias: {
      // Its CommonJS asks for its own files through a variable, which no bundler can follow.
      'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
      // The same as modules, of which what nobody uses is left out, written for a newer language.
      'ibm-cloud-sdk-core': 'ibm-cloud-sdk-core/es/index.js',
    },
  }),
  // Whoever waits for a Tab would wait for each further file, so that it shares none even with those.
  ...[[quickly], seldom].map(names =>
    build({
      ...common,
      entryPoints: names.map(name => `src/${name}.ts`),
      chunkNames: 'chunks/[name]-[hash]',
      splitting: true,
      plugins: [rawText, builtins],
    }),
  ),
  build({
    ...common,
    entryPoints: Object.fromEntries(Object.keys(calledLate).map(name => [name, name])),
    outdir: 'dist/chunks',
    plugins: [],
    format: 'cjs',
    outExtension: {'.js': '.cjs'},
  }),
  build({...common, entryPoints: [`src/${starting}.ts`], plugins: [rawText, laterFrom('cli'), builtins]}),
  // It says to an old Node that it is too old: what is newer than Node 12 fails the build, or is written in other words.
  // As CommonJS it starts sooner: Node 20 takes 3 ms to get its loader of modules ready.
  build({
    ...common,
    entryPoints: ['src/main.ts'],
    plugins: [rawText, laterFrom('.'), builtins],
    target: 'node12.20',
    format: 'cjs',
    outExtension: {'.js': '.cjs'},
    define: {'import.meta.url': '_own'},
    // What a URL is relative to, made where one is.
    banner: {js: "'use strict'; const _own = {toString: () => require('url').pathToFileURL(__filename).href}"},
  }),
])
chmodSync('dist/main.cjs', 0o755)
writeFileSync('dist/THIRD-PARTY-NOTICES', thirdPartyNotices(built.map(({metafile}) => metafile)))
const [{metafile: split}] = built
const cloudModules = Object.keys(split.outputs).find(
  file => split.outputs[file].entryPoint === 'src/cli/cloud-modules.ts',
)
await mergeChunks(split, ['dist/cli/run-vpcmd.js', 'dist/commands/instances/list.js', cloudModules], code =>
  asksForCommonjs.test(code) ? commonjs : '',
)
for (const file of globSync('dist/**/*.{js,cjs}')) {
  const text = readFileSync(file)
  if (!isAscii(text)) throw new Error(`${file} has other characters than those of ASCII, and takes longer to read.`)
  // Each is asked for from where it lies.
  const [asked] = (file.startsWith('dist/chunks/') ? '' : text.toString()).match(/require\("\.\/[\w-]+\.cjs"\)/) ?? []
  if (asked) throw new Error(`${file} has ${asked}, which is in dist/chunks.`)
}

// The types of vpcmd/sandbox, as the compiler writes them: of all that it reads only what leads from index.d.ts is kept,
// which must need no package.
const types = mkdtempSync(join(tmpdir(), 'vpcmd-types-'))
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc')
execFileSync(process.execPath, [tsc, '--project', '.config/sandbox-types.json', '--outDir', types], {stdio: 'inherit'})
const keepTypes = file => {
  const target = join('dist/sandbox', file)
  if (existsSync(target)) return
  const text = readFileSync(join(types, 'sandbox', file), 'utf8')
  mkdirSync(dirname(target), {recursive: true})
  writeFileSync(target, text.replaceAll(/from '(\..*)\.ts'/g, "from '$1.js'"))
  for (const [, specifier] of text.matchAll(/from '([^']+)'/g)) {
    if (!specifier.startsWith('.')) throw new Error(`The types of vpcmd/sandbox need ${specifier}, by ${file}.`)
    keepTypes(join(dirname(file), specifier.replace(/\.ts$/, '.d.ts')))
  }
}
keepTypes('index.d.ts')
rmSync(types, {recursive: true})

const {Plugin} = await import('@oclif/core')
const plugin = new Plugin({
  root,
  type: 'core',
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
})
await plugin.load()
// The order in which the commands are found is the file system's: sorted, the same sources make the same file.
const commands = Object.fromEntries(Object.entries(plugin.manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('oclif.manifest.json', `${JSON.stringify({...plugin.manifest, commands}, undefined, 2)}\n`)

// The help of everything, drawn once: whoever asks for it then waits for a file and no framework.
const {drawHelp, helpPage, welcomePage} = await import('../dist/cli/help.js')
const {Config} = await import('@oclif/core')
const config = await Config.load(root)
const names = ['', ...config.topics.map(({name}) => name), ...config.commandIDs.map(id => id.replaceAll(':', ' '))]
const drawn = isFull =>
  Object.fromEntries(names.map(name => [name, drawHelp(helpPage(config, name.split(' ').filter(Boolean), isFull))]))
const texts = {welcome: drawHelp(welcomePage(config)), short: drawn(false), full: drawn(true)}
writeFileSync('dist/help.json', JSON.stringify(texts))
