import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { getField, withoutField, type HeaderList } from '../../http/message/headers.ts'
import type { Source } from '../../http/message/reply.ts'
import { maxInterim, protocolError, readReason, readResponseHead } from '../response/head.ts'
import { pullStream } from '../response/pull-stream.ts'
import type { UpstreamRequest, UpstreamReply } from '../types.ts'
import { upstreamError } from '../upstream/upstream-error.ts'

/** The parts of Node's HTTP parser that are used here. */
interface NodeParser {
  readonly constructor: { readonly RESPONSE: number; readonly kLenientSpacesAfterChunkSize?: number }
  initialize(kind: number, resource: object, maxHeaderSize: number, leniency: number): void
}

/**
 * Accepts chunk sizes that old servers pad with blanks, as the connections of the pool do. Node's `insecureHTTPParser`
 * would also accept every other deviation. A Node whose parser lacks this flag rejects padded sizes.
 */
export function allowPaddedChunks(request: ClientRequest, maxHeaderSize: number): void {
  // At this event the parser exists, and has read nothing yet.
  request.once('socket', () => {
    const { parser } = request as { readonly parser?: NodeParser }
    const leniency = parser?.constructor.kLenientSpacesAfterChunkSize
    if (leniency !== undefined) parser?.initialize(parser.constructor.RESPONSE, {}, maxHeaderSize, leniency)
  })
}

/** Forwards interim responses (1xx) of a request on its own connection. */
export function forwardInterim(
  request: ClientRequest,
  outbound: UpstreamRequest,
  fail: (error: unknown) => void,
): void {
  let count = 0
  request.on('information', ({ statusCode, rawHeaders }) => {
    // Node reports a 101 without the fields of an upgrade here too.
    if (statusCode === 101) return fail(protocolError('it sends 101 without an Upgrade field'))
    if (++count > maxInterim) return fail(protocolError(`it sends more than ${maxInterim} interim responses`))
    if (statusCode === 100) return
    try {
      // RFC 9110 section 8.6: an interim response has no Content-Length.
      outbound.inform(statusCode, withoutField(readResponseHead(rawHeaders).fields, 'content-length'))
    } catch (error) {
      fail(error)
    }
  })
}

/**
 * The response to a request on its own connection, which closes after it.
 *
 * @param bodyIdleMs Milliseconds without a byte after which the content fails; 0 disables the timeout.
 * @throws UpstreamError for a response that must not be forwarded
 */
export function rawResponse(
  message: IncomingMessage,
  socket: Socket,
  { method }: UpstreamRequest,
  bodyIdleMs: number,
): UpstreamReply {
  const status = message.statusCode ?? 0
  if (status < 200 || status > 599) throw protocolError(`its status is ${status}`)
  const { fields: headers, isEventStream } = readResponseHead(message.rawHeaders)
  const reason = readReason(message.statusMessage)
  const start = { status, reason, isHttp10: message.httpVersion === '1.0', headers }
  if (method === 'HEAD' || status === 204 || status === 304) {
    socket.destroy()
    return { ...start, body: null }
  }
  return { ...start, body: messageSource(message, socket, isEventStream ? 0 : bodyIdleMs) }
}

/** The parts of Node's `IncomingMessage` that are used here. */
interface ContentMessage extends Readable {
  readonly rawHeaders: string[]
  readonly rawTrailers: string[]
  readonly complete: boolean
}

/**
 * The content of a response on its own connection, which closes after it. Fails if the content is truncated, so that the
 * client's response fails too and does not look complete.
 *
 * @param idleMs Milliseconds without a byte after which the content fails; 0 disables the timeout.
 */
function messageSource(message: ContentMessage, socket: Socket, idleMs: number): Source {
  // Without a listener, an error before the first pull would end the process.
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
        // Node takes a reset for the end of content without a length, which may be truncated.
        if (socket.errored !== null) throw socket.errored
        if (!message.complete) throw new Error('The response ended too early.')
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
