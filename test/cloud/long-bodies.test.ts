import {once} from 'node:events'
import {type AddressInfo, createServer} from 'node:net'
import {setTimeout as wait} from 'node:timers/promises'
import {expect, it} from 'vitest'
import {jsonIn, readAfter, takeOut, textIn, together, turnToRead} from '../../src/cloud/long-bodies.ts'
import {ask, textOf} from '../../src/cloud/transport.ts'
import {startTestCloud} from '../support/test-cloud.ts'

it('gives one turn in each turn of the event loop', async () => {
  const seen: string[] = []
  const turns = ['first', 'second'].map(name => turnToRead().then(() => seen.push(name)))
  setImmediate(() => setImmediate(() => seen.push('between')))
  await Promise.all(turns)
  expect(seen).toEqual(['first', 'between', 'second'])
})

it('has a page wait until the one before is taken, for longer than an answer may take, and asks for it once', async () => {
  const test = await startTestCloud({instances: 100, regions: ['us-south']}, {timeoutMs: 500})
  const api = test.cloud.api(await test.cloud.region({region: 'us-south'}))
  let end = () => {}
  const taking = new Promise<void>(resolve => {
    end = resolve
  })
  readAfter(taking)
  let isRead = false
  const listing = api.listInstances({limit: 100}).finally(() => {
    isRead = true
  })
  await wait(1200)
  expect(isRead).toBe(false)
  end()
  const {result} = await listing
  expect(result.rows).toHaveLength(100)
  expect(test.requests.filter(({path}) => path.endsWith('/instances'))).toHaveLength(1)
})

it('goes on where what was taken failed', async () => {
  readAfter(Promise.reject(new Error('the reader has left')))
  await turnToRead()
})

it('takes a part out of what holds it', () => {
  const answer: {result: unknown} = {result: {id: '1'}}
  expect(takeOut(answer, 'result', undefined)).toEqual({id: '1'})
  expect(answer.result).toBeUndefined()
})

const filler = Array.from({length: 2000}, (_, index) => ({
  id: `${index}`,
  name: `web-${index} }],[{", \\"é \u{1F600}`,
  tags: [[], {}],
}))
const rows = JSON.stringify(filler)
const parsedWhole = (text: string) => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

it.each([
  ['a page', `{"first": {"href": "x"}, "instances": ${rows}, "total_count": 2000}`],
  ['one that is written over lines', JSON.stringify({limit: 1, instances: filler, next: null}, undefined, 2)],
  ['spaces between rows', `{"b": ${rows.replaceAll('},{', '} , {')}}`],
  ['rows that begin in two ways', `{"b": ${rows.replaceAll(/\{"id":"(\d*7)"/g, '{"name":"first","id":"$1"')}}`],
  ['the beginning of a row within rows', `{"b": ${rows.replaceAll('[[],{}]', '[{"id":"1"},{"id":"2"}]')}}`],
  ['the beginning of a row within a name', `{"b": ${rows.replaceAll('web-', '},{\\"id\\":')}}`],
  ['another list after it', `{"b": ${rows}, "c": [{"id": "1"}]}`],
  ['a row after the end of the list', `{"b": ${rows},{"id":"1"}]}`],
  ['two lists', `{"a": [1, 2], "b": ${rows}, "c": [[3]]}`],
  ['a list in a list', `{"b": [${rows}, ${rows}]}`],
  ['a list deeper down', `{"b": {"c": ${rows}}}`],
  ['a list that stands alone', rows],
  ['a list under the name twice', `{"b": ${rows}, "b": [1]}`],
  ['the same the other way round', `{"b": [1], "b": ${rows}}`],
  ['a list under the name __proto__', `{"__proto__": ${rows}}`],
  ['a text where rows are expected', `{"instances": "vpcmd: the rows", "a": {"b": ${rows}}}`],
  ['no list', JSON.stringify({a: 'x'.repeat(200_000)})],
  ['an empty list', `{"a": [ ], "b": ${JSON.stringify('x'.repeat(200_000))}}`],
  ['a mark at the beginning', `\uFEFF{"b": ${rows}}`],
  ['nothing before the last row', `{"b": [,${rows.slice(1)}}`],
  ['nothing after the last comma', `{"b": ${rows.slice(0, -1)},]}`],
  ['a row that is cut', `{"b": ${rows.slice(0, -40)}`],
  ['a text that never ends', `{"b": ${rows.slice(0, -2)}"`],
  ['a list that ends as an object', `{"b": ${rows.slice(0, -1)}}}`],
  ['a list without a name', `{${rows}}`],
  ['more after the end', `{"b": ${rows}} {}`],
  ['rows without a comma', `{"b": ${rows.replaceAll('},{', '} {')}}`],
])('reads a long body as JSON.parse does: %s', (_, text) => {
  const bytes = Buffer.from(text)
  const pieces = Array.from({length: Math.ceil(bytes.length / 65_536)}, (_, index) =>
    bytes.subarray(index * 65_536, (index + 1) * 65_536),
  )
  const body = together(pieces)
  expect(textIn(body)).toBe(text.replace(/^\uFEFF/, ''))
  const value = jsonIn(body)
  expect(value).toEqual(parsedWhole(text.replace(/^\uFEFF/, '')))
  expect(JSON.stringify(value)).toBe(JSON.stringify(parsedWhole(text.replace(/^\uFEFF/, ''))))
})

it('keeps a body that is not valid UTF-8 in its rows', () => {
  const [before, after] = [Buffer.from(`{"b": [{"name": "`), Buffer.from(`"}, ${rows.slice(1)}}`)]
  const body = Buffer.concat([before, Buffer.from([0xc3]), after])
  expect(jsonIn(body)).toEqual(JSON.parse(body.toString('utf8')))
})

it('joins a body that comes byte by byte', async () => {
  const text = JSON.stringify(filler.slice(0, 300))
  const server = createServer(socket => {
    const chunks = Array.from(Buffer.from(text), byte => `1\r\n${String.fromCharCode(byte)}\r\n`).join('')
    socket.end(Buffer.from(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`, 'latin1'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const {port} = server.address() as AddressInfo
  const reply = await ask({method: 'GET', url: `http://127.0.0.1:${port}/`, headers: {}}, {timeoutMs: 5000})
  server.close()
  if (reply.kind === 'none') throw new Error(reply.why)
  expect(textOf(reply)).toBe(text)
  expect(reply.pieces.length).toBeLessThan(50)
})
