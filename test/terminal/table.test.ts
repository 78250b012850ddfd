import {stripVTControlCharacters} from 'node:util'
import xterm from '@xterm/headless'
import {describe, expect, it} from 'vitest'
import type {Column} from '../../src/column.ts'
import {cyan} from '../../src/terminal/style.ts'
import {renderRecord, renderTable} from '../../src/terminal/table.ts'
import {width} from '../../src/terminal/text.ts'

interface Server {
  name: string
  id: string
  status: string
  zone: string
  address: string
}

const columns: Column<Server>[] = [
  {header: 'Name', value: server => server.name},
  {header: 'ID', value: server => server.id, priority: 1},
  {header: 'Status', value: server => server.status, priority: 2},
  {header: 'Zone', value: server => server.zone, priority: 3},
  {header: 'Floating IP', value: server => server.address, priority: 3},
]

const servers: Server[] = [
  {
    name: 'my-virtual-server-1',
    id: '0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf',
    status: 'running',
    zone: 'us-south-1',
    address: '',
  },
  {
    name: 'n'.repeat(63),
    id: '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6',
    status: 'stopped',
    zone: 'us-south-2',
    address: '169.47.94.48',
  },
  {name: '日本語のサーバー😀', id: '0727_x', status: 'running', zone: 'jp-tok-1', address: '52.116.204.232'},
]

const all = {color: false, mayHide: true, width: undefined}

function widest(text: string): number {
  return Math.max(...text.split('\n').map(line => width(line)))
}

/** The lines wider than that, but for those that end in one long word, which stays whole. */
function tooWide(text: string, columns: number): string[] {
  return text.split('\n').filter(line => width(line) > columns && !/^(.* {2})?\S+$/.test(line))
}

describe('renderTable', () => {
  it('prints every column at its natural width where there is no terminal', () => {
    expect(renderTable(columns, servers.slice(0, 1), all)).toEqual({
      text: [
        'Name                 ID                                         Status   Zone        Floating IP',
        'my-virtual-server-1  0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf  running  us-south-1  -',
      ].join('\n'),
      hidden: [],
    })
  })

  it('prints rows alone where no headers are wanted, in a narrow terminal as well', () => {
    const two = columns.slice(0, 2)
    const named = servers.slice(0, 1).map(server => ({...server, name: 'a', id: 'b'}))
    expect(renderTable(two, named, {...all, headless: true})).toEqual({text: 'a  b', hidden: []})
    const {text, hidden} = renderTable(columns, servers.slice(0, 2), {...all, width: 40, headless: true})
    expect(text).not.toMatch(/Name|Status/)
    expect(hidden).toEqual(expect.arrayContaining(['Zone', 'Floating IP']))
  })

  it('prints nothing for no rows', () => {
    expect(renderTable(columns, [], {...all, width: 40})).toEqual({text: '', hidden: []})
  })

  it('leaves out the columns with the highest numbers first, the last one of equals, and says which', () => {
    const short = servers.slice(0, 1)
    const natural = renderTable(columns, short, all)
    const fitting = widest(natural.text)
    expect(renderTable(columns, short, {...all, width: fitting})).toEqual(natural)
    expect(renderTable(columns, short, {...all, width: fitting - 1}).hidden).toEqual(['Floating IP'])
    expect(renderTable(columns, short, {...all, width: 80}).hidden).toEqual(['Zone', 'Floating IP'])
    expect(renderTable(columns, short, {...all, width: 20})).toEqual({
      text: 'Name\nmy-virtual-server-1',
      hidden: ['ID', 'Status', 'Zone', 'Floating IP'],
    })
  })

  it('gives the room of a wide column that had to go to narrower ones, the most important first', () => {
    const short = servers.slice(0, 1)
    expect(renderTable(columns, short, {...all, width: 40})).toEqual({
      text: 'Name                 Status   Zone\nmy-virtual-server-1  running  us-south-1',
      hidden: ['ID', 'Floating IP'],
    })
    expect(renderTable(columns, short, {...all, width: 39}).hidden).toEqual(['ID', 'Zone', 'Floating IP'])
  })

  it('wraps what is too long before another column goes, and the one long name costs the others nothing', () => {
    const wrapping = columns.map(column => (column.header === 'Name' ? {...column, least: 19} : column))
    expect(renderTable(wrapping, servers, {...all, width: 80})).toEqual({
      text: [
        'Name                          ID                                         Status',
        'my-virtual-server-1           0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf  running',
        'nnnnnnnnnnnnnnnnnnnnnnnnnnnn  0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6  stopped',
        'nnnnnnnnnnnnnnnnnnnnnnnnnnnn',
        'nnnnnnn',
        '日本語のサーバー😀            0727_x                                     running',
      ].join('\n'),
      hidden: ['Zone', 'Floating IP'],
    })
  })

  it('breaks words at a hyphen, and prose at spaces', () => {
    const reasons = [{name: 'my-virtual-server-with-a-name', why: 'protocol is http, must be https'}]
    const two: Column<(typeof reasons)[0]>[] = [
      {header: 'Name', value: ({name}) => name, least: 16},
      {header: 'Why', value: ({why}) => why, least: 12},
    ]
    expect(
      renderTable(two, reasons, {...all, width: 40})
        .text.split('\n')
        .slice(1),
    ).toEqual(['my-virtual-server-   protocol is http,', 'with-a-name          must be https'])
  })

  it('prints a block a row only in a terminal of less than 60 columns, and only when nothing else does', () => {
    const narrow = renderTable(columns, servers.slice(0, 1), {width: 30, color: false, mayHide: false})
    expect(narrow).toEqual({
      text: [
        'Name         my-virtual-server-1',
        'ID           0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf',
        'Status       running',
        'Zone         us-south-1',
        'Floating IP  -',
      ].join('\n'),
      hidden: [],
    })
    const many = Array.from({length: 20}, (_, i) => ({header: `Column${i}`, value: () => 'a value', priority: i}))
    const {text, hidden} = renderTable(many, [1], {width: 60, color: false, mayHide: false})
    expect(text.split('\n')[0]).toBe('Column0  Column1  Column2  Column3  Column4  Column5')
    expect(hidden).toHaveLength(14)
  })

  it.each([10, 20, 40, 80, 120, 200])('fits into %i columns and loses nothing when it may not hide', available => {
    const {text, hidden} = renderTable(columns, servers, {width: available, color: false, mayHide: false})
    expect(hidden).toEqual([])
    expect(tooWide(text, available)).toEqual([])
    const characters = (of: string) => [...of.replaceAll(' ', '').replaceAll('\n', '')].sort().join('')
    const cells = servers.flatMap(server => columns.map(({value}) => value(server) || '-'))
    const headers = columns.map(({header}) => header)
    if (available >= 60) {
      expect(widest(text)).toBeLessThanOrEqual(available)
      expect(characters(text)).toBe(characters([...headers, ...cells].join('')))
    }
  })

  it('keeps columns aligned beside wide characters', () => {
    const lines = renderTable(columns, servers.slice(2), all).text.split('\n')
    const [header = '', row = ''] = lines
    expect(width(row.slice(0, row.indexOf('0727_x')))).toBe(header.indexOf('ID'))
  })

  it('lets no cell act on the terminal', () => {
    const hostile = {...servers[0], name: 'a\x1b[2J\nb\u202ec', id: '\u200b', status: '', zone: '', address: ''}
    const {text} = renderTable(columns, [hostile], all)
    expect(text.split('\n')[1]).toBe('a bc  -   -       -     -')
  })

  it('colours headers and styled cells without moving anything', () => {
    const styled = columns.map(column => (column.header === 'Status' ? {...column, style: cyan} : column))
    const {text} = renderTable(styled, servers, {...all, color: true})
    expect(text).toContain('\x1b[1mName\x1b[22m')
    expect(text).toContain('\x1b[38;5;31mrunning\x1b[39m')
    expect(stripVTControlCharacters(text)).toBe(renderTable(columns, servers, all).text)
    const narrow = renderTable(styled, servers, {...all, width: 80, color: true}).text
    expect(narrow).toContain('\x1b[38;5;31mrunning\x1b[39m')
    expect(stripVTControlCharacters(narrow)).toBe(renderTable(columns, servers, {...all, width: 80}).text)
    expect(renderTable(styled, servers, all).text).not.toContain('\x1b')
  })

  it('renders ten thousand rows', () => {
    const rows = Array.from({length: 10_000}, () => servers[0] ?? {name: '', id: '', status: '', zone: '', address: ''})
    expect(renderTable(columns, rows, all).text.split('\n')).toHaveLength(10_001)
  })
})

describe('renderRecord', () => {
  const entries: Parameters<typeof renderRecord>[0] = [
    ['ID', '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'],
    ['Availability policy on host failure', 'restart'],
    ['Lifecycle Reasons', {columns: ['Code', 'Message'], rows: []}],
    ['Metadata service', {columns: ['Enabled', 'Protocol'], rows: [['false', 'http']]}],
    ['Reservation', ''],
  ]

  it('prints labels, values and nested tables in two columns', () => {
    expect(renderRecord(entries, {width: 80, color: false})).toBe(
      [
        'ID                                   0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6',
        'Availability policy on host failure  restart',
        'Lifecycle Reasons                    Code  Message',
        '                                     -     -',
        '',
        'Metadata service                     Enabled  Protocol',
        '                                     false    http',
        '',
        'Reservation                          -',
      ].join('\n'),
    )
  })

  it('wraps labels, values and nested tables on a narrow terminal', () => {
    expect(renderRecord(entries, {width: 34, color: false})).toBe(
      [
        'ID            0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6',
        'Availability  restart',
        'policy on',
        'host failure',
        'Lifecycle     Code  Message',
        'Reasons       -     -',
        '',
        'Metadata      Enabled  Protocol',
        'service       false    http',
        '',
        'Reservation   -',
      ].join('\n'),
    )
  })

  it('turns a nested table that does not fit into blocks', () => {
    const nested = {
      columns: ['ID', 'Name'],
      rows: [
        ['r006-1234567890', 'a'],
        ['r006-2', '日本'],
      ],
    }
    expect(renderRecord([['VPC', nested]], {width: 22, color: false})).toBe(
      ['VPC  ID    r006-1234567890', '     Name  a', '', '     ID    r006-2', '     Name  日本'].join('\n'),
    )
  })

  it('breaks no word of a label, also within a nested table', () => {
    const nested = {columns: ['ID', 'Attachment ID'], rows: [['r006-1234567890', '0717-1f030adb-15c7']]}
    const text = renderRecord([['Boot volume', nested]], {width: 36, color: false})
    expect(text).toMatch(/^ +Attachment {2}0717-1f030adb-15c7\n +ID$/m)
  })

  it.each([12, 20, 40, 80, 200])('fits into %i columns', available => {
    expect(tooWide(renderRecord(entries, {width: available, color: false}), available)).toEqual([])
  })

  it('leaves an ID that is wider than its column to the terminal, and breaks everything else between words', () => {
    const crn = 'crn:v1:bluemix:public:is:us-south-2:a/a0587926::instance:0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
    const text = renderRecord(
      [
        ['CRN', crn],
        ['Why', 'it was read a while ago, and nothing came since'],
        ['Marks', 'ที่ ที่'],
      ],
      {width: 30, color: false},
    )
    expect(text.split('\n')).toEqual([
      `CRN    ${crn}`,
      'Why    it was read a while',
      '       ago, and nothing came',
      '       since',
      'Marks  ที่ ที่',
    ])
  })

  it('lets no value act on the terminal', () => {
    const nested = {columns: ['Name'], rows: [['x\x1b[2Jy\nz']]}
    expect(
      renderRecord(
        [
          ['Name', 'a\x9b31m\u202eb'],
          ['VPC', nested],
        ],
        {width: undefined, color: false},
      ),
    ).toBe('Name  ab\nVPC   Name\n      xy z')
  })
})

it('takes what acts on a terminal out of the labels of a record and the headers within it', () => {
  const nested = {columns: ['na\x1b[2Jme\u202e'], rows: [['x']]}
  const text = renderRecord(
    [
      ['la\x1b[31mbel\u200b', 'value'],
      ['more', nested],
    ],
    {width: undefined, color: false},
  )
  expect(text).toBe('label  value\nmore   name\n       x')
})

it.each([40, 80, 120])(
  'in %i columns a terminal shows Thai, Hindi and Japanese in line with what is beside them',
  async cols => {
    const names = ['plain', 'เซิร์ฟเวอร์ที่หนึ่ง', 'सर्वर-क्षेत्र', '日本語のサーバー', 'cafe\u0301-1']
    const rows = names.map((name, index) => ({name, id: `ID-${index}`, status: '-', zone: '-', address: '-'}))
    const {text} = renderTable(columns.slice(0, 2), rows, {...all, width: cols})
    const terminal = new xterm.Terminal({cols, rows: 20, allowProposedApi: true, convertEol: true})
    await new Promise<void>(resolve => terminal.write(text, resolve))
    const starts = Array.from({length: 1 + names.length}, (_, row) => {
      const line = terminal.buffer.active.getLine(row)
      const cells = Array.from({length: cols}, (_, column) => line?.getCell(column)?.getChars() ?? '')
      return cells.findIndex((cell, column) => cell === 'I' && cells[column + 1] === 'D')
    })
    expect(starts[0]).toBeGreaterThan(10)
    expect(new Set(starts).size).toBe(1)
  },
)
