// Makes the list of the report searchable and sortable, in the reader's browser, from the data in the page alone. It shows
// one page of rows at a time whatever their number, and writes text as text.
const {texts, rows, rowsPerPage} = JSON.parse(document.getElementById('data').textContent)
const printedRows = 500
const byId = id => document.getElementById(id)
const body = byId('rows').tBodies[0]
const heads = [...byId('rows').tHead.rows[0].cells]
// By the place in a row, which is [name, id, ...indexes of texts]. Only a report of several accounts has the last one.
const filters = Object.entries({verdict: 2, kind: 3, region: 4, vpc: 6, account: 11}).flatMap(([name, place]) => {
  const select = byId(`filter-${name}`)
  return select ? [{name, place, select}] : []
})
const collator = new Intl.Collator('en', {numeric: true})
const number = value => value.toLocaleString('en')
let shown = []
let page = 0
let sortedBy = null

// The place of each value in their order.
function placesIn(values) {
  const places = new Uint32Array(values.length)
  const order = values.map((_, index) => index).sort((a, b) => collator.compare(values[a], values[b]))
  for (const [place, index] of order.entries()) places[index] = place
  return places
}

const ranks = new Map()
// The order of a column, found once: of all names, as the second column is name and ID, or of its few texts.
function ranksOf(column) {
  if (!ranks.has(column)) {
    const places = placesIn(column === 1 ? rows.map(([name]) => name) : texts)
    const textAt = column === 0 ? 2 : column + 1
    ranks.set(column, column === 1 ? places : Uint32Array.from(rows, row => places[row[textAt]]))
  }
  return ranks.get(column)
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
  const wanted = filters
    .filter(({select}) => select.value !== '')
    .map(({place, select}) => [place, texts.indexOf(select.value)])
  const isWanted = index => wanted.every(([place, text]) => rows[index][place] === text)
  shown = rows
    .map((_, index) => index)
    .filter(index => isWanted(index) && words.every(word => haystackOf(index).includes(word)))
  if (sortedBy) {
    const rank = ranksOf(sortedBy.column)
    const sign = sortedBy.descending ? -1 : 1
    shown.sort((a, b) => sign * (rank[a] - rank[b]))
  }
  page = 0
  render()
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties)
}

function rowOf(index) {
  const [name, id, verdict, ...others] = rows[index]
  const mark = element('td')
  mark.append(element('span', {textContent: texts[verdict], className: `mark ${texts[verdict]}`}))
  const head = element('th', {textContent: name, scope: 'row'})
  head.append(element('span', {textContent: id, className: 'id'}))
  const row = element('tr')
  row.append(mark, head, ...others.map(text => element('td', {textContent: texts[text]})))
  return row
}

function render(count = rowsPerPage) {
  const from = page * rowsPerPage
  const to = Math.min(shown.length, from + count)
  body.replaceChildren(...shown.slice(from, to).map(rowOf))
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
  for (const head of heads) head.removeAttribute('aria-sort')
  heads[column].setAttribute('aria-sort', descending ? 'descending' : 'ascending')
  refresh()
}

// Sets one filter, where it is named, and clears the others.
function filterBy(name, value) {
  for (const filter of filters) filter.select.value = filter.name === name ? value : ''
  refresh()
}

byId('search').addEventListener('change', refresh)
byId('search').addEventListener('input', () => {
  clearTimeout(waiting)
  waiting = setTimeout(refresh, 120)
})
for (const {name, place, select} of filters) {
  const values = [...new Set(rows.map(row => row[place]))].map(text => texts[text])
  if (name !== 'verdict') values.sort(collator.compare)
  select.append(...values.map(value => new Option(value, value)))
  select.addEventListener('change', refresh)
}
byId('clear').addEventListener('click', () => {
  byId('search').value = ''
  filterBy()
})
for (const link of document.querySelectorAll('[data-filter]')) {
  link.addEventListener('click', () => filterBy(link.dataset.filter, link.dataset.value))
}
for (const button of document.querySelectorAll('[data-column]')) {
  button.disabled = false
  button.addEventListener('click', () => sortBy(Number(button.dataset.column)))
}
byId('previous').addEventListener('click', () => turn(-1))
byId('next').addEventListener('click', () => turn(1))
let opened = []
addEventListener('beforeprint', () => {
  page = 0
  opened = [...document.querySelectorAll('details:not([open])')]
  for (const part of opened) part.open = true
  render(printedRows)
  byId('printed').textContent =
    shown.length > printedRows ? `The first ${number(printedRows)} of ${number(shown.length)} are printed.` : ''
})
addEventListener('afterprint', () => {
  byId('printed').textContent = ''
  for (const part of opened) part.open = false
  render()
})
byId('controls').hidden = false
byId('pager').hidden = false
refresh()
