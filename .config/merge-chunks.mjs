// esbuild makes a chunk of whatever the same entries use: hundreds of small ones, of which a command would load sixty, and
// wait for each.
import {readFileSync, rmSync} from 'node:fs'
import {isBuiltin} from 'node:module'
import {dirname, resolve} from 'node:path'
import {rollup} from 'rollup'

/**
 * Rewrites what esbuild split, by its metafile: the chunks that are loaded with any of `together`, which are outputs of it,
 * become one, and of the others Rollup joins what is always loaded with each other. `headOf` gives what a chunk begins with, by
 * its code.
 */
export async function mergeChunks({outputs}, together, headOf) {
  const scripts = Object.keys(outputs).filter(file => file.endsWith('.js'))
  const pieces = new Set(scripts.map(file => resolve(file)))
  const entries = scripts.filter(file => outputs[file].entryPoint !== undefined && !file.startsWith('dist/chunks/'))
  const first = new Set(together.flatMap(file => [...reached(outputs, file)]).map(file => resolve(file)))
  for (const file of [...entries, ...together]) first.delete(resolve(file))
  const bundle = await rollup({
    input: Object.fromEntries(entries.map(file => [file.slice('dist/'.length, -'.js'.length), resolve(file)])),
    treeshake: false,
    plugins: [
      {
        name: 'pieces',
        resolveId: (id, importer) => {
          if (importer === undefined) return id
          const path = resolve(dirname(importer), id)
          return pieces.has(path) ? path : {id, external: true}
        },
        // Each of these statements is a line of its own, so that the maps stay true.
        generateBundle: (_, bundle) => {
          for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk') chunk.code = fromProcess(chunk.code)
        },
        load: path => ({code: readFileSync(path, 'utf8'), map: JSON.parse(readFileSync(`${path}.map`, 'utf8'))}),
      },
    ],
    onLog: (level, {code, message}) => {
      if (level === 'warn' && !['CIRCULAR_DEPENDENCY', 'UNUSED_EXTERNAL_IMPORT'].includes(code))
        throw new Error(message)
    },
  })
  // All of them are read by now.
  for (const file of scripts) for (const each of [file, `${file}.map`]) rmSync(each)
  await bundle.write({
    dir: 'dist',
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    hoistTransitiveImports: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
    banner: ({modules}) =>
      headOf(
        Object.values(modules)
          .map(({code}) => code)
          .join('\n'),
      ),
    manualChunks: path => (first.has(path) ? 'first' : undefined),
  })
  await bundle.close()
}

/**
 * An import of a module of Node's own first reads each of its exports, for which Node loads what hardly anybody needs, such
 * as WebSocket. Taken from the process, it costs no more than what is used of it.
 */
export function fromProcess(code) {
  return code.replaceAll(/^import (\{[^}]+\}|[\w$]+) from '([^']+)';?$/gm, (statement, names, module) => {
    if (!isBuiltin(module)) return statement
    const used = names.replaceAll(/\btype \w+,?/g, '').replaceAll(' as ', ': ')
    return `const ${used} = process.getBuiltinModule('${module}');`
  })
}

/** What an output imports, and what that imports, without what is imported later. */
function reached(outputs, file, found = new Set()) {
  if (found.has(file) || outputs[file] === undefined) return found
  found.add(file)
  for (const {path, kind} of outputs[file].imports) if (kind === 'import-statement') reached(outputs, path, found)
  return found
}
