import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { thrownText } from '../../core/util/thrown-text.ts'
import { ClientLeftError } from '../body/body-relay.ts'
import type { Exchange } from '../message/exchange.ts'
import { getField, type HeaderList } from '../message/headers.ts'
import type { Body, Reply, Takeover } from '../message/reply.ts'
import { isBodyless } from '../framing.ts'
import { MiddlewareSocket, type ReplyHead } from './middleware-socket.ts'

/** A request and a response of Node that are made for one exchange, and what the middleware writes. */
export interface MiddlewareMessages {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: MiddlewareSocket
  /** Resolves with what the middleware wrote. Rejects where it failed before, or the client left. */
  readonly reply: Promise<Reply>
  /** Reports that the middleware failed: without a reply yet, `reply` rejects, else its content breaks off. */
  fail(error: unknown): void
  /** Frees everything: the middleware does not answer. */
  close(): void
}

/**
 * Makes the request and the response of Node for an exchange of any version of HTTP. The real classes are used, since
 * Express replaces the prototypes of both objects; what is special here are properties of the objects themselves.
 *
 * @param isUpgrade Whether the middleware may take over the connection; then it writes to the socket, without a response.
 */
export function createMiddlewareMessages(x: Exchange, isUpgrade: boolean): MiddlewareMessages {
  let settle: { resolve: (reply: Reply) => void; reject: (error: unknown) => void } | undefined
  const reply = new Promise<Reply>((resolve, reject) => (settle = { resolve, reject }))
  // Nothing waits for it after the middleware has called next().
  reply.catch(() => {})
  const trailers: string[] = []
  let isGone = false
  const socket: MiddlewareSocket = new MiddlewareSocket(x.peer, {
    onInterim: ({ status, headers }) => {
      // The server itself invites the content when it is read.
      if (status !== 100) x.inform(status, headers)
    },
    onHead: (head, start) => {
      const body = bodyOf(head, start)
      settle?.resolve(replyOf(head, body))
      return head.status !== 101 && !isSource(body)
    },
  })

  function bodyOf({ status, headers }: ReplyHead, start: Buffer): Body {
    if (status === 101 || isBodyless(x.method, status)) return null
    const field = getField(headers, 'content-length')
    const length = field === undefined ? undefined : Number(field)
    if (length === start.length) return length === 0 ? null : start
    return {
      length,
      pull: async (sink, signal) => {
        const stop = (): unknown => socket.destroy()
        signal.addEventListener('abort', stop, { once: true })
        try {
          await socket.sendTo(sink)
        } finally {
          signal.removeEventListener('abort', stop)
        }
        return trailers.length === 0 ? undefined : trailers
      },
      cancel: () => void socket.destroy(),
    }
  }

  /** As an upstream's: over HTTP/2 it may begin while the client still sends. */
  function replyOf({ status, reason, headers }: ReplyHead, body: Body): Reply {
    const made: Reply = { status, reason, headers, body, relayed: true, injectable: true }
    if (status !== 101) return made
    const takeover: Takeover = (client, head) => {
      release()
      socket.join(client, head)
    }
    return { ...made, takeover }
  }

  function fail(error: unknown): void {
    settle?.reject(error)
    socket.destroy(error instanceof Error ? error : new Error(thrownText(error)))
  }

  const request = createRequest(x, socket, fail)
  const response = createResponse(request, socket, (fields) => trailers.push(...fields))
  if (!isUpgrade) response.assignSocket(socket as unknown as Socket)
  setVersion(request, x.version)
  socket.on('drain', () => response.emit('drain'))
  response.once('finish', () => {
    socket.complete()
    socket.destroy()
  })
  // Without a listener a write after the end would end the process.
  response.on('error', fail)

  const release = x.whenGone(() => {
    isGone = true
    settle?.reject(new ClientLeftError())
    request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
    socket.destroy()
  })
  socket.once('close', () => {
    release()
    settle?.reject(isGone ? new ClientLeftError() : (socket.errored ?? new Error('it sent no reply')))
    // Node reads the rest of a request that was answered, which closes it.
    if (request.complete) request.resume()
  })
  return { request, response, socket, reply, fail, close: () => void socket.destroy() }
}

function isSource(body: Body): boolean {
  return body !== null && 'pull' in body
}

/** What Node's parser calls to set header and trailer fields. */
type Parsed = IncomingMessage & { _addHeaderLines(fields: HeaderList, count: number): void }

function createRequest(x: Exchange, socket: MiddlewareSocket, fail: (error: unknown) => void): IncomingMessage {
  const request = new IncomingMessage(socket as unknown as Socket) as Parsed
  const { body, target } = x
  request.method = x.method
  request.url = target.path + target.query
  const fields = [...x.headers.raw]
  // Body parsers look for the fields by which HTTP/1.1 announces content; HTTP/2 needs none.
  if (body.expected && body.length === undefined && !x.headers.has('transfer-encoding')) {
    fields.push('Transfer-Encoding', 'chunked')
  }
  request._addHeaderLines(fields, fields.length)
  let content: ReturnType<typeof body.stream> | undefined

  function open(): ReturnType<typeof body.stream> {
    const stream = body.stream()
    stream.on('data', (chunk: Buffer) => {
      if (!request.push(chunk)) stream.pause()
    })
    stream.once('end', () => {
      request.complete = true
      request._addHeaderLines([...body.trailers], body.trailers.length)
      request.push(null)
    })
    return stream.once('error', failContent)
  }

  /** What the middleware makes of it does not matter: content that is too large is a 413. */
  function failContent(error: Error): void {
    fail(error)
    request.destroy(error)
  }

  // As in Node, content that is not being read is dropped after the reply: a client that still sends it must not wait.
  const drop = (): void => {
    if (request.destroyed || request.readableFlowing !== true) content?.destroy()
  }
  socket.once('close', drop)
  request.once('close', drop)
  // Not before the middleware reads: until then the next layer can have the content.
  request._read = () => {
    try {
      content ??= open()
      content.resume()
    } catch (error) {
      failContent(error as Error)
    }
  }
  if (!body.expected) {
    request.complete = true
    request.push(null)
  }
  return request
}

function createResponse(
  request: IncomingMessage,
  socket: MiddlewareSocket,
  addTrailers: (fields: HeaderList) => void,
): ServerResponse {
  Object.assign(request, { httpVersionMajor: 1, httpVersionMinor: 1 })
  const response = new ServerResponse(request)
  response.sendDate = false
  response.shouldKeepAlive = false
  // The server frames the reply, in the version of the client: after the header section Node writes no chunks.
  let chunkedEncoding = response.chunkedEncoding
  Object.defineProperty(response, 'chunkedEncoding', {
    get: () => chunkedEncoding && !response.headersSent,
    set: (value: boolean) => {
      chunkedEncoding = value
    },
  })
  response.addTrailers = (fields) => addTrailers(Object.entries(fields as Record<string, string>).flat())
  return response
}

/** As Node's two servers state it: `1.0`, `1.1`, `2.0`. */
function setVersion(request: IncomingMessage, version: string): void {
  const [major = 1, minor = 0] = version.split('.').map(Number)
  Object.assign(request, { httpVersion: `${major}.${minor}`, httpVersionMajor: major, httpVersionMinor: minor })
}
