// Makes the list of the report searchable and sortable, in the reader's browser, from the data in the page alone. It shows
// one page of rows at a time whatever their number, and writes text as text.
const data = JSON.parse(document.getElementById('data').textContent)
const {texts, rows, rowsPerPage} = data
const printedRows = 500
const byId = id => document.getElementById(id)
const body = byId('rows').tBodies[0]
const heads = [...byId('rows').tHead.rows[0].cells]
// Only a report of several accounts has the last one.
const filters = Object.fromEntries(
  Object.entries({verdict: 0, kind: 1, region: 2, vpc: 4, account: 9}).filter(([name]) => byId(`filter-${name}`)),
)
const collator = new Intl.Collator('en', {numeric: true})
let shown = rows.map((_, index) => index)
let page = 0
let sortedBy = null

// A row is [name, id, ...indexes of texts]: the second column is name and ID, each other one has a text.
const placeOf = column => (column === 0 ? 2 : column + 1)

const ranks = new Map()
// The order of a column, found once: of its few texts, or of all names.
function ranksOf(column) {
  if (ranks.has(column)) return ranks.get(column)
  const rank = new Uint32Array(rows.length)
  if (column === 1) {
    const order = rows.map((_, index) => index).sort((a, b) => collator.compare(rows[a][0], rows[b][0]) || a - b)
    order.forEach((index, place) => {
      rank[index] = place
    })
  } else {
    const places = new Uint32Array(texts.length)
    texts
      .map((_, index) => index)
      .sort((a, b) => collator.compare(texts[a], texts[b]))
      .forEach((index, place) => {
        places[index] = place
      })
    rows.forEach((row, index) => {
      rank[index] = places[row[placeOf(column)]]
    })
  }
  ranks.set(column, rank)
  return rank
}

let haystacks
function haystackOf(index) {
  haystacks ??= rows.map(row => [row[0], row[1], ...row.slice(2).map(text => texts[text])].join('\n').toLowerCase())
  return haystacks[index]
}

let waiting
function refresh() {
  clearTimeout(waiting)
  const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean)
  const wanted = Object.entries(filters).flatMap(([name, column]) => {
    const value = byId(`filter-${name}`).value
    return value === '' ? [] : [[column + 2, texts.indexOf(value)]]
  })
  const found = []
  for (let index = 0; index < rows.length; index++) {
    if (
      wanted.every(([place, text]) => rows[index][place] === text) &&
      (words.length === 0 || words.every(word => haystackOf(index).includes(word)))
    )
      found.push(index)
  }
  if (sortedBy) {
    const rank = ranksOf(sortedBy.column)
    const sign = sortedBy.descending ? -1 : 1
    found.sort((a, b) => sign * (rank[a] - rank[b]) || a - b)
  }
  shown = found
  page = 0
  render()
}

function cell(tag, text) {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}

function rowOf(index) {
  const row = rows[index]
  const line = document.createElement('tr')
  const verdict = document.createElement('td')
  const mark = cell('span', texts[row[2]])
  mark.className = `mark ${texts[row[2]]}`
  verdict.append(mark)
  const name = cell('th', row[0])
  name.scope = 'row'
  const id = cell('span', row[1])
  id.className = 'id'
  name.append(id)
  line.append(verdict, name, ...row.slice(3).map(text => cell('td', texts[text])))
  return line
}

function render(count = rowsPerPage) {
  const from = page * rowsPerPage
  const to = Math.min(shown.length, from + count)
  body.replaceChildren(...shown.slice(from, to).map(rowOf))
  const number = value => value.toLocaleString('en')
  const all = shown.length === rows.length ? '' : ` (of ${number(rows.length)})`
  byId('position').textContent =
    shown.length === 0 ? 'Nothing is like that.' : `${number(from + 1)}–${number(to)} of ${number(shown.length)}${all}`
  byId('previous').disabled = page === 0
  byId('next').disabled = to >= shown.length
}

function turn(by) {
  page += by
  render()
  byId('list').scrollIntoView()
}

function sortBy(column) {
  const descending = sortedBy?.column === column && !sortedBy.descending
  sortedBy = {column, descending}
  heads.forEach((head, index) => {
    if (index === column) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
    else head.removeAttribute('aria-sort')
  })
  refresh()
}

byId('search').addEventListener('change', refresh)
byId('search').addEventListener('input', () => {
  clearTimeout(waiting)
  waiting = setTimeout(refresh, 120)
})
for (const name of Object.keys(filters)) {
  const select = byId(`filter-${name}`)
  const used = new Set(rows.map(row => row[filters[name] + 2]))
  const values = [...used].map(text => texts[text])
  if (name !== 'verdict') values.sort(collator.compare)
  select.append(...values.map(value => new Option(value, value)))
  select.addEventListener('change', refresh)
}
byId('clear').addEventListener('click', () => {
  byId('search').value = ''
  for (const name of Object.keys(filters)) byId(`filter-${name}`).value = ''
  refresh()
})
for (const link of document.querySelectorAll('[data-filter]')) {
  link.addEventListener('click', () => {
    for (const name of Object.keys(filters))
      byId(`filter-${name}`).value = name === link.dataset.filter ? link.dataset.value : ''
    refresh()
  })
}
for (const head of heads) {
  const button = head.querySelector('button')
  button.disabled = false
  button.addEventListener('click', () => sortBy(Number(button.dataset.column)))
}
byId('previous').addEventListener('click', () => turn(-1))
byId('next').addEventListener('click', () => turn(1))
const folded = [...document.querySelectorAll('details')]
let opened = []
addEventListener('beforeprint', () => {
  page = 0
  opened = folded.filter(part => !part.open)
  for (const part of opened) part.open = true
  render(printedRows)
  byId('printed').textContent =
    shown.length > printedRows
      ? `The first ${printedRows.toLocaleString('en')} of ${shown.length.toLocaleString('en')} are printed.`
      : ''
})
addEventListener('afterprint', () => {
  byId('printed').textContent = ''
  for (const part of opened) part.open = false
  render()
})
byId('controls').hidden = false
byId('pager').hidden = false
refresh()
