// Sums up by room what `npm run coverage` has measured, and fails where tests run too few lines of one. What they run as a
// process of its own does not count.
import {readFileSync} from 'node:fs'
import {join, relative, sep} from 'node:path'
import {fileURLToPath} from 'node:url'

const fewestLines = 90
const root = fileURLToPath(new URL('..', import.meta.url))
const {total, ...files} = JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8'))
const measures = ['lines', 'branches', 'functions']
const percent = sums => measures.map(name => [`${name} %`, share(sums[name])])
const share = ({covered, total}) => (total === 0 ? 100 : Math.round((100 * covered) / total))

// main.ts and what ends a process run as a process of its own.
const srcItself = '(src itself)'
const rooms = {}
for (const [file, counts] of Object.entries(files)) {
  const [room, ...within] = relative(join(root, 'src'), file).split(sep)
  const name = within.length > 0 ? room : srcItself
  rooms[name] ??= Object.fromEntries(measures.map(measure => [measure, {covered: 0, total: 0}]))
  for (const measure of measures) {
    rooms[name][measure].covered += counts[measure].covered
    rooms[name][measure].total += counts[measure].total
  }
}
const rows = Object.entries(rooms).sort(([a], [b]) => (a < b ? -1 : 1))
console.table(
  Object.fromEntries([...rows, ['all', total]].map(([name, sums]) => [name, Object.fromEntries(percent(sums))])),
)

const poor = rows.filter(([name, {lines}]) => name !== srcItself && lines.covered < (fewestLines / 100) * lines.total)
for (const [name, {lines}] of poor) {
  console.error(`Tests run ${share(lines)} % of the lines of src/${name}, and are to run ${fewestLines} % at least.`)
}
if (poor.length > 0) process.exitCode = 1
