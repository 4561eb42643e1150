import { ServeError } from '../../core/serve-error.ts'
import { isToken } from '../message/headers.ts'
import type { Duplex } from 'node:stream'
import type { ResponseState, Connection, LatestRequest } from './connection.ts'
import type { Exchange } from '../message/exchange.ts'
import { writeRawResponse } from './write-response.ts'
import { syntheticExchange } from '../synthetic-exchange.ts'
import type { Reply, Sent } from '../message/reply.ts'

/** What {@link createClientErrorHandler} needs. */
export interface ClientErrorOptions {
  readonly connectionOf: (socket: Duplex) => Connection
  /** Most bytes of a request-target. */
  readonly targetBytes: number
  /** Milliseconds within which forwarded content must make progress. */
  readonly requestMs: number
  readonly refuse: (error: ServeError) => Reply
  /** Sends a reply to a request whose header section was read. */
  readonly send: (latest: LatestRequest, reply: Reply) => void
  readonly done: (x: Exchange, reply: Reply, sent: Sent) => void
}

/**
 * Answers messages that cannot be read. An error reply must neither overtake nor replace the replies to the messages
 * before it, so it waits for them. A message whose reply has begun gets no second one.
 */
export function createClientErrorHandler(options: ClientErrorOptions): (fault: ClientError, socket: Duplex) => void {
  const { connectionOf, refuse, send, done } = options

  function refuseUnread(connection: Connection, error: ServeError): void {
    const { socket, peer } = connection
    const reply = refuse(error)
    const x = syntheticExchange({ method: '-', target: '-', peer })
    x.notes.refusal = error.code
    // What a TLS client gets it cannot read: the log says it to the user.
    if (error.hint !== undefined) x.notes.remark = error.message.replace(/\.$/, '')
    writeRawResponse(socket, reply)
    socket.destroySoon()
    done(x, reply, { bytes: reply.body instanceof Uint8Array ? reply.body.byteLength : 0, aborted: false })
  }

  function refuseContent(latest: LatestRequest, error: ServeError): void {
    latest.notes.refusal = error.code
    send(latest, { ...refuse(error), close: true })
  }

  /** Node reports the timeout of a request only once. */
  function askLater(fault: ClientError, { socket, latest }: Connection): void {
    const timer = setTimeout(() => {
      if (connectionOf(socket).latest === latest && latest?.message.complete === false) answer(fault, socket)
    }, options.requestMs)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
  }

  function answer(fault: ClientError, socket: Duplex): void {
    const connection = connectionOf(socket)
    // RFC 9112 section 9.6: what follows the last request of a connection is not processed.
    if (connection.isClosing || fault.code === 'HPE_CLOSED_CONNECTION') return
    const { latest } = connection
    // Forwarded content may have any size, so it gets any time while it progresses.
    if (fault.code === 'ERR_HTTP_REQUEST_TIMEOUT' && latest?.progressed() === true) return askLater(fault, connection)
    // The client left, or never sent a byte: browsers open connections in advance.
    const isUnused = latest === undefined && connection.socket.bytesRead === 0
    if (fault.code === 'ECONNRESET' || !socket.writable || isUnused) return void socket.destroy()
    const error = rejectionOf(fault, options.targetBytes)
    const inContent = latest !== undefined && !latest.message.complete
    if (inContent) latest.fail(error)
    if (inContent && !latest.response.headersSent) return refuseContent(latest, error)
    connection.closeAfterReply()
    if (inContent) whenClosed(latest.response, () => connection.socket.destroySoon())
    else if (latest === undefined) refuseUnread(connection, error)
    else whenClosed(latest.response, () => refuseUnread(connection, error))
  }

  return answer
}

function whenClosed(response: ResponseState, act: () => void): void {
  if (response.closed) act()
  else response.once('close', act)
}

/** The error of Node's `clientError` event. */
export interface ClientError extends Error {
  readonly code?: string
  /** The bytes that the parser was given. */
  readonly rawPacket?: Uint8Array
  /** How many of them it read before the error. */
  readonly bytesParsed?: number
}

const requestLine = /^(\S+) \S+ HTTP\/\d\.\d\r?\n/
const knownVersion = /^\S+ \S+ HTTP\/1\.[01]\s/
/** First byte of a TLS record that holds a handshake (RFC 8446 section 5.1). */
const tlsHandshake = 0x16

/** The error of RFC 9110 for an error or a timeout of Node's parser. */
function rejectionOf(fault: ClientError, targetBytes: number): ServeError {
  const packet = lineOfFault(fault)
  switch (fault.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refusal('E8008_TIMEOUT', 'The request did not arrive in time.')
    case 'HPE_HEADER_OVERFLOW':
      return isLongTarget(packet, targetBytes)
        ? refusal('E8008_TARGET_TOO_LONG', 'The request-target is too long.')
        : refusal('E8008_HEADERS_TOO_LARGE', 'The header section is too large.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refusal('E8008_BODY_TOO_LARGE', 'The chunk extensions are too large.')
    case 'HPE_INVALID_VERSION':
      // The parser also reports this when no CRLF follows a known version.
      return knownVersion.test(packet.toString('latin1'))
        ? refusal('E8008_MALFORMED', 'The message is not valid HTTP.')
        : refusal('E8008_HTTP_VERSION', 'This server speaks HTTP/1.1 and HTTP/1.0.')
    case 'HPE_INVALID_METHOD':
      return methodError(packet)
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
    case 'HPE_INVALID_CHUNK_SIZE':
    case 'HPE_STRICT':
      return refusal('E8008_FRAMING', 'The length of the message cannot be determined.')
    case 'HPE_PAUSED_H2_UPGRADE':
      return refusal(
        'E8008_MALFORMED',
        'The client speaks HTTP/2, but this port speaks HTTP/1.1.',
        'start the server with h2c (--h2c), or speak HTTP/1.1',
      )
    default:
      return hasRawTarget(packet)
        ? refusal(
            'E8008_TARGET_INVALID',
            'The request-target has a blank, a control character or a byte that is not ASCII.',
            'percent-encode it, such as %20 for a blank',
          )
        : refusal('E8008_MALFORMED', 'The message is not valid HTTP.')
  }
}

/** The packet from the start of the line with the error: valid messages may precede it. */
function lineOfFault({ rawPacket, bytesParsed = 0 }: ClientError): Buffer {
  if (rawPacket === undefined) return Buffer.alloc(0)
  const packet = Buffer.from(rawPacket.buffer, rawPacket.byteOffset, rawPacket.byteLength)
  // The error may be at the end of the line itself.
  return bytesParsed < 2 ? packet : packet.subarray(packet.lastIndexOf('\n', bytesParsed - 2) + 1)
}

function methodError(packet: Buffer): ServeError {
  if (packet[0] === tlsHandshake) {
    return refusal(
      'E8008_MALFORMED',
      'The client speaks TLS, but this port speaks plain HTTP.',
      'use http:// in the URL, or start the server with tls (--tls)',
    )
  }
  // RFC 9110 section 9.1: a well-formed method that is not implemented is a 501.
  const [, method = ''] = requestLine.exec(packet.toString('latin1')) ?? []
  return isToken(method)
    ? refusal('E8008_NOT_IMPLEMENTED', 'The method is not implemented.')
    : refusal('E8008_MALFORMED', 'The message is not valid HTTP.')
}

/** Whether a target is as a user typed it: curl encodes no `ä`. */
function hasRawTarget(packet: Buffer): boolean {
  const [, target = ''] = /^\S+ ([/h].*) HTTP\/1\.[01]\r?\n/.exec(packet.toString('latin1')) ?? []
  return /[\x00-\x20\x7f-\xff]/.test(target)
}

function isLongTarget(packet: Buffer, targetBytes: number): boolean {
  const [, target = ''] = /^[A-Z]+ (\S+)/.exec(packet.toString('latin1')) ?? []
  return target.length > targetBytes
}

function refusal(code: ConstructorParameters<typeof ServeError>[0], message: string, hint?: string): ServeError {
  return new ServeError(code, message, hint === undefined ? { close: true } : { close: true, hint })
}
