// Which packages a build has put into its bundles, and the license that each of them came with.
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'

const ruler = '-'.repeat(80)

/** The text of dist/THIRD-PARTY-NOTICES, from esbuild's metafiles. Throws where a package has no license text. */
export function thirdPartyNotices(metafiles) {
  const packages = new Map(foldersIn(metafiles).map(describe))
  const sections = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, section]) => section)
  return [`vpcmd contains these ${sections.length} packages.\n`, ...sections].join(`\n${ruler}\n\n`)
}

// The metafiles know what esbuild has read, the maps what that had been bundled of before.
function foldersIn(metafiles) {
  const outputs = metafiles.flatMap(metafile => Object.entries(metafile.outputs))
  const files = outputs.flatMap(([path, {inputs}]) =>
    path.endsWith('.map')
      ? JSON.parse(readFileSync(path, 'utf8')).sources.map(source => resolve(dirname(path), source))
      : Object.keys(inputs).filter(input => inputs[input].bytesInOutput > 0),
  )
  const folders = files.flatMap(file => /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [])
  return [...new Set(folders.map(folder => resolve(folder)))].filter(folder => existsSync(join(folder, 'package.json')))
}

function describe(folder) {
  const {name, version, ...others} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  // `licenses` is how npm had it first.
  const license = others.license ?? others.licenses?.map(({type}) => type).join(' OR ')
  const texts = readdirSync(folder)
    .filter(file => /^(licen[cs]e|copying|notice)/i.test(file))
    .map(file => readFileSync(join(folder, file), 'utf8').trim())
  if (texts.length === 0) texts.push(...textElsewhere(folder, license))
  if (!license || texts.length === 0) throw new Error(`${name} ${version} comes without a license text.`)
  return [`${name} ${version}`, `${name} ${version}\n${license}\n\n${texts.join('\n\n')}\n`]
}

/** Some packages have their license at the end of their README; IBM's SDK core only names it, and it is vpcmd's own. */
function textElsewhere(folder, license) {
  const readme = join(folder, 'README.md')
  const section = existsSync(readme) && /^(?:#+ )?Licen[cs]e\n[\s\S]*/m.exec(readFileSync(readme, 'utf8'))?.[0]
  if (section) return [section.trim()]
  return license === 'Apache-2.0' ? ['Its text is in the file LICENSE of vpcmd.'] : []
}
