import type {Socket} from 'node:net'
import {describe, expect, it} from 'vitest'
import {VpcmdError} from '../../src/errors.ts'
import {findService, limits} from '../../src/imds/find-service.ts'
import {goodToken, json, serve, serveRaw, tokenWith} from '../support/metadata-server.ts'

/** What is thrown; a promise that is kept fails the test. */
async function thrownBy(promise: Promise<unknown>): Promise<VpcmdError> {
  const outcome = await promise.then(
    value => `nothing was thrown, but given: ${JSON.stringify(value)}`,
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(VpcmdError)
  return outcome as VpcmdError
}

const html = '<!doctype html><title>Log in</title><p>Log in, please.'

describe('a service that gives no token', () => {
  it.each<[string, number, Record<string, string>, string]>([
    ['a web page', 200, {'content-type': 'text/html'}, html],
    ['nonsense', 200, {'content-type': 'application/json'}, 'nonsense'],
    ['an array', 200, {'content-type': 'application/json'}, '[]'],
    ['null', 200, {'content-type': 'application/json'}, 'null'],
    ['nothing', 204, {}, ''],
    ['other JSON', 200, {'content-type': 'application/json'}, '{"access_token":{"a":1}}'],
    ['a token with a line break', 200, {'content-type': 'application/json'}, '{"access_token":"a.b.c\\r\\nx: y"}'],
    ['an empty token', 200, {'content-type': 'application/json'}, '{"access_token":""}'],
    ['a web page with 502', 502, {'content-type': 'text/html'}, html],
  ])('but %s is a clear error', async (_what, status, headers, body) => {
    const server = await serve((_request, response) => {
      response.writeHead(status, headers).end(body)
    })
    const error = await thrownBy(findService({endpoint: server.url, timeoutMs: 60_000}))
    expect(error).toMatchObject({code: 'no_metadata_service', exitCode: 1})
    expect(error.message).toContain(server.url)
    expect(error.message).not.toContain('Log in')
  })

  it('but a refusal tells the reason, and the trace', async () => {
    const server = await serve((_request, response) => {
      const errors = [{code: 'unauthorized', message: 'The metadata service is not enabled.'}]
      json(response, 403, {errors, status_code: 403, trace: 'the-trace'})
    })
    const error = await thrownBy(findService({endpoint: server.url, timeoutMs: 60_000}))
    expect(error).toMatchObject({code: 'unauthorized', trace: 'the-trace', status: 403, exitCode: 3})
    expect(error.message).toContain('is not enabled')
    expect(error.hint).toContain('vpcmd metadata enable')
  })
})

describe('what is not found', () => {
  const refusing = (refused: string, status: number) =>
    serve(({method}, response) => {
      if (method !== refused) return false
      json(response, status, {errors: [{code: 'not_found', message: 'Not found.'}]})
    })

  it('is exit code 4 for a datum or a profile, and not for the token, whose path it is', async () => {
    const noPath = await refusing('PUT', 404)
    expect(await thrownBy(findService({endpoint: noPath.url, timeoutMs: 60_000}))).toMatchObject({exitCode: 1})
    const noProfile = await refusing('POST', 400)
    const service = await findService({endpoint: noProfile.url, timeoutMs: 60_000})
    expect(await thrownBy(service.iamToken('nope'))).toMatchObject({code: 'not_found', exitCode: 4})
    expect(await thrownBy(service.get('nothing'))).toMatchObject({code: 'not_found', exitCode: 4})
  })
})

describe('a list in pages', () => {
  const pageAfter = (start: number, next: string | undefined) => ({
    limit: 2,
    placement_groups: [{id: `${start}`}, {id: `${start + 1}`}],
    ...(next !== undefined && {next: {href: next}}),
    total_count: 4,
  })

  it('comes whole, all of it from the same service whatever its links say', async () => {
    const elsewhere = await serve(() => false)
    const server = await serve(({method, url}, response) => {
      if (method !== 'GET') return false
      const next = `${elsewhere.url}/metadata/v1/placement_groups?limit=2&start=a%26b`
      json(response, 200, url.includes('start=') ? pageAfter(2, undefined) : pageAfter(0, next))
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    expect(JSON.parse(JSON.stringify(await service.get('placement_groups')))).toEqual({
      limit: 2,
      placement_groups: [{id: '0'}, {id: '1'}, {id: '2'}, {id: '3'}],
      total_count: 4,
    })
    const asked = server.seen.filter(({method}) => method === 'GET').map(({url}) => url)
    expect(asked).toEqual(['', '&start=a%26b'].map(more => `/metadata/v1/placement_groups?version=2025-08-26${more}`))
    expect(elsewhere.seen).toEqual([])
  })

  it('comes whole by another name than its path, and says that there is more where it is not told which list it is', async () => {
    const server = await serve(({method, url}, response) => {
      if (method !== 'GET') return false
      const isLater = url.includes('start=')
      const next = isLater ? {} : {next: {href: '?start=a'}}
      if (url.includes('ips')) json(response, 200, {reserved_ips: [isLater ? 2 : 1], ...next})
      else if (url.includes('keys')) json(response, 200, {keys: isLater ? 'no' : [1], ...next})
      else json(response, 200, {zones: [], volumes: [1], ...next})
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    expect(await service.get('ips')).toEqual({reserved_ips: [1, 2], next: undefined})
    expect(await service.get('volumes')).toEqual({zones: [], volumes: [1], next: {href: '?start=a'}})
    expect(await thrownBy(service.get('keys'))).toMatchObject({code: 'no_metadata_service', exitCode: 1})
  })
})

describe('a service that is slow', () => {
  it('byte by byte is given up at the time limit', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, {'content-type': 'application/json'})
      const timer = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(timer))
    })
    const error = await thrownBy(findService({endpoint: server.url, timeoutMs: 300}))
    expect(error).toMatchObject({code: 'no_answer', message: expect.stringContaining('no answer in time')})
  })

  it('and never answers is given up, in time for an answer in 2 seconds', async () => {
    // Nothing is asked after the search has failed.
    expect(limits.findMs).toBeLessThanOrEqual(1500)
    const {url: endpoint} = await serveRaw()
    const error = await thrownBy(findService({endpoint}))
    expect(error).toMatchObject({code: 'no_answer', message: expect.stringContaining('no answer in time')})
  })

  it('with the metadata is given up, too', async () => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      response.writeHead(200).write('{')
    })
    const service = await findService({endpoint: server.url, timeoutMs: 3000})
    expect(await thrownBy(service.get('instance'))).toMatchObject({code: 'no_answer'})
  })
})

describe('a service whose answer', () => {
  it('never ends is given up by size', async () => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 'a')));
      }
      response.writeHead(200).on('drain', more)
      more()
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    const error = await thrownBy(service.get('instance'))
    expect(error.message).toContain('an answer without end')
  })

  it('is cut off is not taken for a whole one', async () => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      response.writeHead(200, {'content-length': '1000'})
      response.write('{"id":"x"}', () => response.destroy())
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    const error = await thrownBy(service.get('instance'))
    expect(error.message).toMatch(/connection cut|failed/)
  })

  it.each([
    ['nonsense', 'nonsense'],
    ['a web page', html],
    ['an array', '[]'],
    ['a text', '"text"'],
    ['an error with a good status', '{"errors":[{"code":"odd","message":"Odd."}]}'],
    ['an object of 200 000 levels', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
  ])('is %s is no metadata', async (_what, body) => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      response.writeHead(200).end(body)
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    expect((await thrownBy(service.get('instance'))).message).toContain('Could not read instance')
  })

  it('has more headers than there can be is told so, and a trace without end is cut', async () => {
    const server = await serve(({method, url}, response) => {
      if (method !== 'GET') return false
      if (url.includes('keys'))
        json(response, 500, {errors: [{code: 'odd', message: 'Odd.'}], trace: 't'.repeat(100_000)})
      else response.writeHead(200, {'x-a': 'a'.repeat(100_000)}).end('{}')
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    expect((await thrownBy(service.get('instance'))).message).toContain('an answer without end')
    expect((await thrownBy(service.get('keys'))).trace?.length).toBeLessThan(400)
  })

  it('repeats the token where it is cut has no part of it told', async () => {
    const opaque = Array.from({length: 40}, (_, index) => `secret-${index}-`).join('')
    const server = await serve(({method, url, headers}, response) => {
      const {authorization = ''} = headers
      if (method === 'PUT') json(response, 200, {access_token: opaque})
      else if (url.includes('keys')) response.writeHead(302, {location: `/?${authorization}`}).end()
      else if (url.includes('volumes')) {
        // All but its end, and its beginning alone.
        const parts = [authorization.slice(0, -1), authorization.slice(0, 20)]
        json(response, 400, {errors: [{code: 'odd', message: `Odd: ${parts.join(' ')}`}], trace: parts[0]})
      } else json(response, 500, {errors: [{code: 'odd', message: `Odd: ${authorization}`}], trace: authorization})
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    for (const path of ['instance', 'keys', 'instance/volumes']) {
      const {message, trace = ''} = await thrownBy(service.get(path))
      expect(message).toContain('Bearer [token]')
      expect(message + trace).not.toContain('secret-')
    }
  })

  it('repeats the token with something within it has no part of it told', async () => {
    const opaque = 'opaqueSECRETtoken1234567890.second-part_of/it=='
    for (const within of ['\u200b', '\x07', '\n', ' ', '"', '\x1b[0m']) {
      const server = await serve(({method}, response) => {
        const repeated = opaque.slice(0, 10) + within + opaque.slice(10)
        if (method === 'PUT') json(response, 200, {access_token: opaque})
        else json(response, 400, {errors: [{code: 'odd', message: `Odd: ${repeated}`}], trace: repeated})
      })
      const service = await findService({endpoint: server.url, timeoutMs: 60_000})
      const {message, trace = ''} = await thrownBy(service.get('keys'))
      expect(message).toContain('Odd: ')
      expect(message + trace).not.toMatch(/1234567890|ETtoken|second-part/)
    }
  })

  it('tells of no instance is none', async () => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      json(response, 200, {})
    })
    const service = await findService({endpoint: server.url, timeoutMs: 60_000})
    expect((await thrownBy(service.instance())).message).toContain('Could not read instance')
  })

  it('is no HTTP at all is named', async () => {
    const {url: endpoint} = await serveRaw(socket => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))
    const error = await thrownBy(findService({endpoint, timeoutMs: 60_000}))
    expect(error.message).toContain('another protocol')
  })
})

describe('a connection that was kept', () => {
  /** A service that says that it keeps connections, and ends each one by `end` when a question comes on it again. */
  const endingThem = (end: (socket: Socket) => void) => {
    const asked = new Map<Socket, number>()
    return serveRaw(socket => {
      socket.on('data', data => {
        const times = (asked.get(socket) ?? 0) + 1
        asked.set(socket, times)
        if (times > 1) return end(socket)
        const body = data.toString().startsWith('PUT') ? `{"access_token":"${goodToken}"}` : '{"id":"x"}'
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      })
    })
  }

  it.each<[string, (socket: Socket) => void]>([
    ['ended', socket => socket.end()],
    ['reset', socket => socket.resetAndDestroy()],
  ])('and is %s by the other side is none to give up at', async (_how, end) => {
    const {url: endpoint} = await endingThem(end)
    const service = await findService({endpoint, timeoutMs: 60_000})
    expect(await service.get('instance')).toEqual({id: 'x'})
    expect(await service.get('keys')).toEqual({id: 'x'})
  })

  it('is asked once more and not again', async () => {
    let questions = 0
    const {url: endpoint} = await serveRaw(socket => {
      socket.on('data', data => {
        const body = `{"access_token":"${goodToken}"}`
        if (data.toString().startsWith('PUT')) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
        } else {
          questions++
          socket.resetAndDestroy()
        }
      })
    })
    const service = await findService({endpoint, timeoutMs: 60_000})
    expect((await thrownBy(service.get('instance'))).message).toContain('connection cut')
    expect(questions).toBe(2)
  })
})

describe('a redirect', () => {
  it.each(['token', 'metadata', 'iam token'])('of the %s request is not followed, and no token leaves', async which => {
    const elsewhere = await serve(() => false)
    const isMeant = (method: string) => ({token: 'PUT', metadata: 'GET', 'iam token': 'POST'})[which] === method
    const server = await serve(({method, url}, response) => {
      if (!isMeant(method)) return false
      response.writeHead(307, {location: `${elsewhere.url}${url}`}).end()
    })
    const ask = async () => {
      const service = await findService({endpoint: server.url, timeoutMs: 60_000})
      return which === 'iam token' ? service.iamToken(undefined) : service.get('instance')
    }
    const error = await thrownBy(ask())
    expect(error).toMatchObject({code: 'redirected', message: expect.stringContaining(elsewhere.url)})
    expect(error.message).not.toContain(goodToken)
    expect(elsewhere.seen).toEqual([])
  })
})

describe('a nonce', () => {
  const answering = (claims: object) =>
    serve((_request, response) => {
      json(response, 200, {access_token: tokenWith(claims), expires_in: 300})
    })

  it('that comes back is well', async () => {
    const server = await answering({nonce: 'mine'})
    const service = await findService({endpoint: server.url, nonce: 'mine', timeoutMs: 60_000})
    expect(service.identity.access_token).toBe(tokenWith({nonce: 'mine'}))
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({expires_in: 300, nonce: 'mine'})
  })

  it.each([{}, {nonce: 'other'}, {nonce: ['mine']}])('that does not (%j) makes the token worthless', async claims => {
    const server = await answering(claims)
    const error = await thrownBy(findService({endpoint: server.url, nonce: 'mine', timeoutMs: 60_000}))
    expect(error).toMatchObject({code: 'nonce_mismatch', exitCode: 1})
    expect(`${error.message} ${error.hint}`).not.toContain(tokenWith(claims))
  })
})
