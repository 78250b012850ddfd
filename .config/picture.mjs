// Draws docs/terminal.svg, the picture of the README: real commands on the sandbox, in a pseudo-terminal of 80 columns, as a
// terminal emulator shows them. `node .config/picture.mjs FILE` writes it elsewhere.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {spawn} from '@lydell/node-pty'
import xterm from '@xterm/headless'
import {startSandbox} from '../dist/sandbox/index.js'

const commands = [
  'instances list --region us-south',
  'metadata enable my-virtual-server-2 --protocol https --hop-limit 2',
  'metadata undo --yes',
]

const vpcmd = fileURLToPath(new URL('../dist/main.cjs', import.meta.url))
const [file = fileURLToPath(new URL('../docs/terminal.svg', import.meta.url))] = process.argv.slice(2)
const cols = 80
const terminal = new xterm.Terminal({cols, rows: 60, allowProposedApi: true, convertEol: true})
const show = text => new Promise(resolve => terminal.write(text, resolve))

/** What differs from run to run, as in another run: so the same commands give the same picture. */
const runIds = ['3f9a', '91c4']
const seenIds = []
function settled(text) {
  return text
    .replace(/(?<=(?:undo|Run) )[0-9a-f]{4}\b/g, id => {
      if (!seenIds.includes(id)) seenIds.push(id)
      return runIds[seenIds.indexOf(id)]
    })
    .replace(/ in \d+ s\b/g, ' in 0 s')
}

/** Runs a command in the pseudo-terminal, and resolves with its exit code when what it wrote is on the screen. */
function run(command, env) {
  const child = spawn(process.execPath, [vpcmd, ...command.split(' ')], {cols, rows: 60, env, name: 'xterm-256color'})
  let written = ''
  child.onData(data => {
    written += data
  })
  return new Promise(resolve => child.onExit(({exitCode}) => show(settled(written)).then(() => resolve(exitCode))))
}

// A dark screen of its own, which reads on a light page and on a dark one.
const ink = '#e6edf3'
const screen = '#0d1117'
const palette = ['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4']
const bright = ['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#ffffff']
const cell = {width: 8.4, height: 18, margin: 16}

const escaped = text => text.replace(/[<>&"]/g, sign => `&#${sign.codePointAt(0)};`)

/** How a cell looks, as attributes of SVG. */
function look(place) {
  const colour = place.isFgPalette() ? ([...palette, ...bright][place.getFgColor()] ?? ink) : ink
  return [
    ...(colour === ink ? [] : [`fill="${colour}"`]),
    ...(place.isBold() ? ['font-weight="bold"'] : []),
    ...(place.isDim() ? ['opacity="0.7"'] : []),
  ].join(' ')
}

/** Each piece of a line that looks alike, with the column where it begins. Two spaces part pieces: each stays in its column. */
function piecesOf(line) {
  const pieces = []
  for (let column = 0; column < cols; column++) {
    const place = line.getCell(column)
    const chars = place?.getChars() ?? ''
    if (chars.trim() === '') continue
    const last = pieces.at(-1)
    const gap = last && column - last.column - last.width
    if (gap <= 1 && last.look === look(place)) {
      last.text += ' '.repeat(gap) + chars
      last.width += gap + place.getWidth()
    } else pieces.push({column, text: chars, width: place.getWidth(), look: look(place)})
  }
  return pieces
}

function draw() {
  const buffer = terminal.buffer.active
  const lines = Array.from({length: buffer.baseY + buffer.cursorY}, (_, index) => piecesOf(buffer.getLine(index)))
  while (lines.at(-1)?.length === 0) lines.pop()
  const width = Math.ceil(cols * cell.width + 2 * cell.margin)
  const height = lines.length * cell.height + 2 * cell.margin
  const texts = lines.flatMap((pieces, row) =>
    pieces.map(({column, text, width: columns, look}) => {
      const x = (cell.margin + column * cell.width).toFixed(1)
      const y = cell.margin + (row + 0.75) * cell.height
      const length = (columns * cell.width).toFixed(1)
      return `<text x="${x}" y="${y}" textLength="${length}"${look && ` ${look}`}>${escaped(text)}</text>`
    }),
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    '<title>vpcmd in a terminal</title>',
    `<rect width="${width}" height="${height}" rx="8" fill="${screen}"/>`,
    `<g fill="${ink}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

const home = mkdtempSync(join(tmpdir(), 'vpcmd-picture-'))
const sandbox = await startSandbox({transitionMs: 0})
try {
  const {PATH = ''} = process.env
  const env = {PATH, HOME: home, XDG_STATE_HOME: home, XDG_CACHE_HOME: home, LANG: 'C.UTF-8', ...sandbox.environment}
  for (const command of commands) {
    await show(`\x1b[1m$ vpcmd ${command}\x1b[0m\n`)
    const code = await run(command, env)
    await show('\n')
    if (code !== 0) throw new Error(`vpcmd ${command} ended with ${code}:\n${draw()}`)
  }
  writeFileSync(file, draw())
} finally {
  await sandbox.close()
  rmSync(home, {recursive: true, force: true})
}
