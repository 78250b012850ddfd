import type {Socket} from 'node:net'
import type {HttpBindings} from '@hono/node-server'
import type {Context, MiddlewareHandler} from 'hono'

/** Larger bodies than any operation takes. No source says where IBM's limit is. */
const maxBodyBytes = 4 * 1024 * 1024

/** No operation takes a body that is nested as deep. No source says where IBM's limit is. */
const deepest = 100

const lingerMs = 500

/**
 * Answers with what `refuse` returns (413) and ends the connection when a body is larger than the limit, by its header or by
 * what arrived. No more than the limit is ever in memory.
 */
export function limitBodies<E extends {Bindings: HttpBindings}>(
  refuse: (c: Context<E>) => Response,
): MiddlewareHandler<E> {
  return async (c, next) => {
    const {incoming} = c.env
    const {'content-length': length, 'transfer-encoding': encoding} = incoming.headers
    const isLarge = Number(length ?? 0) > maxBodyBytes
    const text = isLarge || encoding === undefined ? undefined : await readUpTo(incoming, maxBodyBytes)
    if (isLarge || text === 'too large') {
      const answer = refuse(c)
      answer.headers.set('connection', 'close')
      closeLater(incoming.socket)
      return answer
    }
    // An operation asks for the text as it does where the body comes in one piece.
    if (text) c.req.bodyCache.text = text.read
    return next()
  }
}

/** Discards what still arrives for a moment: unread data would reset the connection before the caller has the answer. */
function closeLater(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  }
}

function readUpTo(incoming: HttpBindings['incoming'], limit: number): Promise<{read: string} | 'too large'> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const take = (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) return void chunks.push(chunk)
      chunks.length = 0
      incoming.off('data', take)
      incoming.resume()
      resolve('too large')
    }
    incoming.on('data', take)
    incoming.once('end', () => resolve({read: Buffer.concat(chunks).toString('utf8')}))
    incoming.once('error', reject)
    incoming.once('aborted', () => reject(new Error('The caller has hung up.')))
  })
}

/** Whether a JSON text is nested too deep to be looked into. */
export function isNestedTooDeep(text: string): boolean {
  let depth = 0
  let isInText = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isInText && character === '\\') at++
    else if (character === '"') isInText = !isInText
    else if (isInText) continue
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth > deepest) return true
  }
  return false
}
