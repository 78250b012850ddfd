// Makes vpcmd a single file for Linux that needs no Node: npm run binary, or npm run binary -- x64 for one of them. They
// go to release/, with the licenses of all that is in them and with SHA256SUMS of all that is there.
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {globSync} from 'tinyglobby'

// The Node that goes into the files: an LTS that both packages have. Node 26 would need libatomic, which servers lack.
const version = '24.21.0'
const integrity = {
  x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
}
// Node's documentation, "Single executable applications": the name it looks for, and the fuse that says it is there.
const resource = 'NODE_SEA_BLOB'
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
const postject = fileURLToPath(import.meta.resolve('postject')).replace('api.js', 'cli.js')

/** Gives what a program prints. What it warns of, such as postject of sections without a name, is seen where it fails. */
const run = (program, ...args) => execFileSync(program, args, {encoding: 'utf8', stdio: 'pipe'}).trim()

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const architectures = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(integrity)
const unknown = architectures.filter(name => !Object.hasOwn(integrity, name))
if (unknown.length > 0)
  throw new Error(`There is no single file for ${unknown.join(', ')}: ${Object.keys(integrity).join(', ')}.`)
if (process.platform !== 'linux' || !Object.hasOwn(integrity, process.arch)) {
  throw new Error(`The single files are made on Linux, x64 or arm64, and this is ${process.platform}-${process.arch}.`)
}

const work = mkdtempSync(join(tmpdir(), 'vpcmd-binary-'))
try {
  // A blob without compiled code is the same for each architecture, but only its own version of Node reads it.
  const folders = new Map([...new Set([...architectures, process.arch])].map(name => [name, fetchNode(name)]))
  const assets = globSync([
    'package.json',
    'oclif.manifest.json',
    'dist/help.json',
    'dist/**/*.{js,cjs}',
    'dist/**/*.map',
  ])
  const config = {
    main: '.config/single-file.cjs',
    output: join(work, 'blob'),
    disableExperimentalSEAWarning: true,
    // NODE_OPTIONS is meant for programs of which one knows that they run on Node.
    execArgvExtension: 'none',
    assets: Object.fromEntries(assets.map(file => [file, file])),
  }
  writeFileSync(join(work, 'sea.json'), JSON.stringify(config))
  const own = join(folders.get(process.arch), 'bin/node')
  run(own, '--experimental-sea-config', join(work, 'sea.json'))

  mkdirSync('release', {recursive: true})
  for (const name of architectures) {
    const file = `release/vpcmd-linux-${name}`
    rmSync(file, {force: true})
    copyFileSync(join(folders.get(name), 'bin/node'), file)
    run(process.execPath, postject, file, resource, config.output, '--sentinel-fuse', fuse)
    chmodSync(file, 0o755)
  }
  writeFileSync('release/LICENSES', licenses(folders.get(process.arch)))
  writeFileSync('release/SHA256SUMS', checksums())
  console.log(`release/ has ${readdirSync('release').join(', ')}.`)
} finally {
  rmSync(work, {recursive: true})
}

/** Downloads Node from the registry, and gives the folder where it is. Throws where it is not what is pinned above. */
function fetchNode(name) {
  const folder = join(work, name)
  mkdirSync(folder)
  const tarball = join(
    folder,
    run('npm', 'pack', '--silent', '--pack-destination', folder, `node-linux-${name}@${version}`),
  )
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  if (found !== integrity[name]) throw new Error(`node-linux-${name}@${version} is ${found}, not ${integrity[name]}.`)
  run('tar', '-xzf', tarball, '-C', folder)
  return join(folder, 'package')
}

function licenses(nodeFolder) {
  const parts = [
    ['vpcmd', 'LICENSE'],
    [`Node.js ${version}`, join(nodeFolder, 'LICENSE')],
    ['The packages within vpcmd', 'dist/THIRD-PARTY-NOTICES'],
  ]
  const ruler = '='.repeat(80)
  return parts.map(([title, file]) => `${ruler}\n${title}\n${ruler}\n\n${readFileSync(file, 'utf8')}\n`).join('')
}

function checksums() {
  const files = readdirSync('release').filter(file => file !== 'SHA256SUMS')
  const sum = file =>
    createHash('sha256')
      .update(readFileSync(join('release', file)))
      .digest('hex')
  return files.map(file => `${sum(file)}  ${file}\n`).join('')
}
