import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { getField, withoutField, type HeaderList } from '../../http/message/headers.ts'
import type { Source } from '../../http/message/reply.ts'
import { maxInterim, protocolFault, readReason, readResponseHead } from '../response/head.ts'
import { pullStream } from '../response/pull-stream.ts'
import type { OutboundRequest, UpstreamReply } from '../types.ts'
import { upstreamError } from '../upstream/upstream-error.ts'

/** The parser of Node, as much of it as is set here. */
interface Parser {
  readonly constructor: { readonly RESPONSE: number; readonly kLenientSpacesAfterChunkSize?: number }
  initialize(kind: number, resource: object, maxHeaderSize: number, leniency: number): void
}

/**
 * Takes chunk sizes that old servers pad, as on the connections of the pool. Node has an option for this deviation
 * together with all others, and a Node whose parser cannot be told so refuses them.
 */
export function allowPaddedChunks(request: ClientRequest, maxHeaderSize: number): void {
  // By then the parser is there, and nothing has been read.
  request.once('socket', () => {
    const { parser } = request as { readonly parser?: Parser }
    const leniency = parser?.constructor.kLenientSpacesAfterChunkSize
    if (leniency !== undefined) parser?.initialize(parser.constructor.RESPONSE, {}, maxHeaderSize, leniency)
  })
}

/** Passes on the interim replies (1xx) to a request that has a connection of its own. */
export function passInterim(request: ClientRequest, outbound: OutboundRequest, fail: (error: unknown) => void): void {
  let count = 0
  request.on('information', ({ statusCode, rawHeaders }) => {
    // A 101 without the fields of an upgrade comes here too.
    if (statusCode === 101) return fail(protocolFault('it switched protocols without saying to which'))
    if (++count > maxInterim) return fail(protocolFault('it sends interim replies without end'))
    if (statusCode === 100) return
    try {
      // RFC 9110 section 8.6: no length stands there.
      outbound.inform(statusCode, withoutField(readResponseHead(rawHeaders).fields, 'content-length'))
    } catch (error) {
      fail(error)
    }
  })
}

/**
 * The reply to a request that has a connection of its own, which ends with it.
 *
 * @param bodyIdleMs Milliseconds without a byte after which it is given up; 0 is none.
 * @throws UpstreamError for what could not be sent on
 */
export function messageReply(
  message: IncomingMessage,
  socket: Socket,
  { method }: OutboundRequest,
  bodyIdleMs: number,
): UpstreamReply {
  const status = message.statusCode ?? 0
  if (status < 200 || status > 599) throw protocolFault(`its status is ${status}`)
  const { fields: headers, isEventStream } = readResponseHead(message.rawHeaders)
  const reason = readReason(message.statusMessage)
  const start = { status, reason, isHttp10: message.httpVersion === '1.0', headers }
  if (method === 'HEAD' || status === 204 || status === 304) {
    socket.destroy()
    return { ...start, body: null }
  }
  return { ...start, body: messageSource(message, socket, isEventStream ? 0 : bodyIdleMs) }
}

/** The parts of Node's message that content comes from. */
interface ContentMessage extends Readable {
  readonly rawHeaders: string[]
  readonly rawTrailers: string[]
  readonly complete: boolean
}

/**
 * The content of a message that has a connection of its own, which ends with it. Fails when the message breaks off,
 * so that the client sees a broken one too and never a short one that looks whole.
 *
 * @param idleMs Milliseconds without a byte after which it is given up; 0 is none.
 */
function messageSource(message: ContentMessage, socket: Socket, idleMs: number): Source {
  // Before anyone pulls: a message that breaks off meanwhile must not end the process.
  message.on('error', () => {})
  const length = getField(message.rawHeaders, 'content-length')
  return {
    length: length === undefined ? undefined : Number(length),
    cancel: () => void socket.destroy(),
    async pull(sink, signal): Promise<HeaderList | void> {
      const stop = (): unknown => socket.destroy()
      signal.addEventListener('abort', stop)
      try {
        await pullStream(message, sink, idleMs)
        // Node takes a reset for the end of content that ends with its connection, which it may have cut short.
        if (socket.errored !== null) throw socket.errored
        if (!message.complete) throw new Error('The reply broke off.')
      } catch (error) {
        throw upstreamError(error, 'reset', true)
      } finally {
        signal.removeEventListener('abort', stop)
        socket.destroy()
      }
      if (message.rawTrailers.length > 0) return readResponseHead(message.rawTrailers).fields
    },
  }
}
