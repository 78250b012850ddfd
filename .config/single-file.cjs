// What the single file starts with. It holds dist/ as assets, which are read as if they lay in a folder: Node of this
// version has no file system within an executable.
const fs = require('node:fs')
const {createRequire, registerHooks} = require('node:module')
const {getAsset, getAssetKeys} = require('node:sea')
const {fileURLToPath} = require('node:url')

// Nothing can lie below a device, so nobody's file is ever taken for one of these, and the compile cache stays good
// wherever the single file is moved.
const root = 'file:///dev/null/vpcmd/'
const folder = fileURLToPath(root)
const assets = new Set(getAssetKeys())

/** The asset at a URL or path; undefined where it is none. */
function assetAt(place) {
  const text = place instanceof URL ? place.href : String(place)
  const base = text.startsWith(root) ? root : folder
  const name = text.startsWith(base) ? text.slice(base.length) : undefined
  return assets.has(name) ? name : undefined
}

registerHooks({
  resolve: (specifier, context, next) => {
    const url = URL.parse(specifier, /^\.\.?\//.test(specifier) ? context.parentURL : undefined)?.href
    return url && assetAt(url) ? {url, format: formatOf(url), shortCircuit: true} : next(specifier, context)
  },
  load: (url, context, next) => {
    const name = assetAt(url)
    return name ? {format: formatOf(name), source: sourceOf(name), shortCircuit: true} : next(url, context)
  },
})

function formatOf(name) {
  return name.endsWith('.cjs') ? 'commonjs' : 'module'
}

/** Node looks for source maps on the disk only: where stacks are to name the lines of the sources, they come along. */
function sourceOf(name) {
  const source = getAsset(name, 'utf8')
  if (!process.sourceMapsEnabled || !assets.has(`${name}.map`)) return source
  const map = Buffer.from(getAsset(`${name}.map`)).toString('base64')
  return `${source}\n//# sourceMappingURL=data:application/json;base64,${map}\n`
}

// package.json, oclif.manifest.json and help.json are read as text.
const {readFileSync} = fs
const {readFile} = fs.promises
fs.readFileSync = (file, ...options) => {
  const name = assetAt(file)
  return name ? getAsset(name, 'utf8') : readFileSync(file, ...options)
}
fs.promises.readFile = async (file, ...options) => {
  const name = assetAt(file)
  return name ? getAsset(name, 'utf8') : readFile(file, ...options)
}

createRequire(root)('./dist/main.cjs')
