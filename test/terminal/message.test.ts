import {expect, it} from 'vitest'
import {messageLines, wrapMessage} from '../../src/terminal/message.ts'
import {red} from '../../src/terminal/style.ts'
import {width} from '../../src/terminal/text.ts'

const id = '0717_1e09281b-f177-46fb-baf1-bc152b2e391a'
const url = 'https://cloud.ibm.com/docs/vpc?topic=vpc-imd-about&interface=cli#a-long-anchor-of-it'

it('breaks a message between words, with the next lines further in', () => {
  expect(wrapMessage('Warning: the service is off, and all is lost', 20)).toEqual([
    'Warning: the service',
    '  is off, and all is',
    '  lost',
  ])
  expect(wrapMessage('  web-1 (a, b): hop_limit 1 -> 2', 20)).toEqual(['  web-1 (a, b):', '    hop_limit 1 -> 2'])
})

it.each([
  [
    `Undo with: vpcmd metadata undo 20261128-101112-abcd. It sends nothing yet`,
    'vpcmd metadata undo 20261128-101112-abcd.',
  ],
  [
    `So vpcmd only does it when asked: vpcmd instances restart web-1 web-2 web-3`,
    'vpcmd instances restart web-1 web-2 web-3',
  ],
  ['See which there are with vpcmd metadata history --json, and resume one of them', 'vpcmd metadata history --json,'],
  ["Apply it with vpcmd metadata apply 'my plan.json' once it was read", 'vpcmd metadata apply'],
  ['Hidden at this width: ID, VPC, Zone. -o json has all', '-o json'],
  [`The instance of that name, ${id}, is in another region`, `${id},`],
  [`IBM says at ${url} what it is`, url],
])('keeps whole what is pasted: %s', (text, whole) => {
  for (const columns of [1, 20, 30, 40, 60]) {
    const lines = wrapMessage(text, columns)
    expect(lines.some(line => line.includes(whole))).toBe(true)
    expect(lines.map(line => line.trim()).join(' ')).toBe(text)
  }
})

it('fills no line beyond the terminal unless one piece alone is wider, and colours take no room', () => {
  const text = `${red('Error:')} Could not list the instances in jp-tok, of which there are 日本語 ${id} ${url}`
  for (let columns = 50; columns < 120; columns++) {
    for (const line of wrapMessage(text, columns)) {
      expect(width(line) <= columns || line.trim() === url).toBe(true)
    }
  }
})

it('leaves a message as it is where there is no terminal', () => {
  const text = 'many words '.repeat(40)
  expect(messageLines(text, {columns: 20})).toEqual([text])
  expect(messageLines(text, {isTTY: true, columns: 20}).length).toBeGreaterThan(20)
})
