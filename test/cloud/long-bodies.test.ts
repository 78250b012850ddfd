import {setTimeout as wait} from 'node:timers/promises'
import {expect, it} from 'vitest'
import {readAfter, takeOut, turnToRead} from '../../src/cloud/long-bodies.ts'
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
