// Writes dist/man: a manual page for vpcmd, for each group and for each command, out of the same pages as --help. npm
// installs those that package.json names, which is kept up to date here.
import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {Config} from '@oclif/core'

const root = fileURLToPath(new URL('..', import.meta.url))
const {helpPage, wrapCommand} = await import('../dist/cli/help.js')
const packageFile = join(root, 'package.json')
const before = readFileSync(packageFile, 'utf8')
const {version} = JSON.parse(before)
const config = await Config.load(root)
const folder = join(root, 'dist/man')
rmSync(folder, {recursive: true, force: true})
mkdirSync(folder, {recursive: true})

/** Man indents what is typed by 11 columns of 80. */
const widthOfExamples = 68

/** Text that roff prints as it is: a backslash, a hyphen and a dot at the start of a line mean something to it. */
const roff = text =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
const paragraphs = text => roff(text).split(/\n+/).join('\n.PP\n')

const drawSection = ({title, text, examples, rows}) => {
  const lines = [`.SH ${roff(title)}`]
  if (text !== undefined) lines.push(paragraphs(text))
  for (const {task, command} of examples ?? []) {
    if (task !== undefined) lines.push('.PP', `${roff(task)}:`)
    lines.push('.PP', '.RS 4', '.nf', roff(wrapCommand(`$ ${command}`, widthOfExamples, 0).join('\n')), '.fi', '.RE')
  }
  for (const [term, meaning] of rows ?? []) {
    lines.push('.TP', `\\fB${roff(term)}\\fR`, roff(meaning).split('\n').join('\n.br\n'))
  }
  return lines.join('\n')
}

const others = names => ['.SH SEE ALSO', names.map(name => `.BR ${roff(name.replaceAll(' ', '-'))} (1)`).join(',\n')]

const groups = Object.keys(config.pjson.oclif.topics)
const ids = [...config.commands].filter(({hidden}) => !hidden).map(({id}) => id.replaceAll(':', ' '))
const files = []
for (const words of ['', ...groups, ...ids].sort()) {
  const {name, summary, usage, sections} = helpPage(config, words.split(' ').filter(Boolean), true)
  const page = name.replaceAll(' ', '-')
  const [group] = words.split(' ')
  const related =
    words === ''
      ? [...groups, ...ids.filter(id => !id.includes(' '))].sort().map(each => `vpcmd ${each}`)
      : ['vpcmd', ...ids.filter(id => id.startsWith(`${group} `) && id !== words).map(id => `vpcmd ${id}`)]
  const text = [
    `.TH "${page.toUpperCase()}" 1 "" "vpcmd ${version}" "vpcmd"`,
    '.nh',
    '.ad l',
    '.SH NAME',
    `${roff(page)} \\- ${roff(summary)}`,
    '.SH SYNOPSIS',
    usage.map(line => `\\fB${roff(line)}\\fR`).join('\n.br\n'),
    ...sections.map(drawSection),
    ...others(related),
  ]
  writeFileSync(join(folder, `${page}.1`), `${text.join('\n')}\n`)
  files.push(`dist/man/${page}.1`)
}

const after = `${JSON.stringify({...JSON.parse(before), man: files}, undefined, 2)}\n`
if (after !== before) writeFileSync(packageFile, after)
