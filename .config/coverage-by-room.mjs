// Sums up by room what `npm run coverage` has measured. What tests run as a process of its own does not count.
import {readFileSync} from 'node:fs'
import {join, relative, sep} from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const {total, ...files} = JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8'))
const measures = ['lines', 'branches', 'functions']
const percent = sums => measures.map(name => [`${name} %`, share(sums[name])])
const share = ({covered, total}) => (total === 0 ? 100 : Math.round((100 * covered) / total))

const rooms = {}
for (const [file, counts] of Object.entries(files)) {
  const [room, ...within] = relative(join(root, 'src'), file).split(sep)
  const name = within.length > 0 ? room : '(src itself)'
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
