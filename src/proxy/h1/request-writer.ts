import type { Socket } from 'node:net'
import type { HeaderList } from '../../http/message/headers.ts'
import { protocolError } from '../response/head.ts'
import type { UpstreamRequest } from '../types.ts'
import { clientLeftFault, type UpstreamError } from '../upstream/upstream-error.ts'

/** Characters that could end a line of the message early, or that latin1 cannot carry. */
const forbidden = /[^\t\u0020-\u007e\u0080-\u00ff]/

/** A blank would end the request-target early. */
const forbiddenInLine = /[^\u0021-\u007e\u0080-\u00ff]/

/** Methods whose content has no meaning. */
const emptyMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/**
 * Whether an upstream may not read the content, and take it for the next request (RFC 9110 section 9.3.1): its reply would
 * go to another client.
 */
function mayBeMisread({ method, body }: UpstreamRequest): boolean {
  return body !== null && emptyMethods.has(method)
}

/** What follows the sending of a request. */
export interface RequestEvents {
  /** The system took the first bytes. */
  begun(): void
  /** All of it was written. The connection may serve another request after the response, or must not. */
  sent(isReusable: boolean): void
  /** The content broke off, since the client left, or is not what was announced. */
  broken(error: UpstreamError): void
}

/** Content that is held back until all of the turn has arrived, in bytes. */
const heldBytes = 256 * 1024

/**
 * Writes a request to a socket: the header section and the content that arrives in the same turn of the event loop in one
 * write, then the rest with backpressure, in chunks where its length is unknown. Returns a function that stops it.
 *
 * @param isUpgrade Whether the request asks for an upgrade.
 * @throws UpstreamError for a request that HTTP/1.1 cannot carry
 */
export function writeRequest(
  socket: Socket,
  request: UpstreamRequest,
  isUpgrade: boolean,
  events: RequestEvents,
): () => void {
  const { body, length } = request
  const sendHead = (head: string): void => {
    socket.write(head, 'latin1')
    begun()
  }
  const begun = (): void => {
    // The system refuses a connection that was reset at once: it has sent nothing.
    if (socket.errored === null) events.begun()
  }
  if (body === null) {
    sendHead(`${startOf(request)}${noContent(request)}\r\n`)
    events.sent(true)
    return () => {}
  }
  const isChunked = length === undefined
  const isLast = !isUpgrade && mayBeMisread(request)
  let head: string | undefined = `${startOf(request)}${framing(request)}${isLast ? 'Connection: close\r\n' : ''}\r\n`
  const begin = (): void => {
    if (head !== undefined) socket.write(head, 'latin1')
    head = undefined
  }
  // The client has often sent content with its header section: it leaves in the same packet, and content that is
  // malformed at its start sends nothing. The head waits for no other: some upstreams answer before the content.
  socket.cork()
  let isHeld = true
  const release = (): void => {
    if (!isHeld) return
    isHeld = false
    clearImmediate(immediate)
    begin()
    socket.uncork()
    begun()
    pauseIfFull()
  }
  const immediate = setImmediate(release)
  const pauseIfFull = (): void => {
    // Node asks for a pause even if the system has taken all of a large chunk.
    if (socket.writableNeedDrain && socket.writableLength > 0) body.pause()
  }
  let missing = length ?? 0
  const send = (chunk: Uint8Array): void => {
    // More would be the next request.
    if (!isChunked && (missing -= chunk.byteLength) < 0) return fail(protocolError('the request content is too long'))
    begin()
    const written = (error?: Error | null): void => {
      if (error === undefined || error === null) body.free?.(chunk)
    }
    if (isChunked) writeChunk(socket, chunk, written)
    else socket.write(chunk, written)
    if (!isHeld) pauseIfFull()
    else if (socket.writableLength > heldBytes) release()
  }
  const resume = (): void => void body.resume()
  const stop = (): void => {
    clearImmediate(immediate)
    body.off('data', send).off('end', end).off('error', broken)
    socket.off('drain', resume)
    // A later error of the content has no reader.
    body.on('error', () => {})
  }
  const end = (): void => {
    if (!isChunked && missing > 0) return fail(protocolError('the request content is too short'))
    stop()
    // Empty content needs no chunks, which some servers do not read.
    const isEmpty = head !== undefined && (request.announced ?? []).length === 0
    if (isEmpty) head = `${startOf(request)}${noContent(request)}\r\n`
    begin()
    try {
      if (isChunked && !isEmpty) socket.write(lastChunk(request), 'latin1')
    } catch (error) {
      return events.broken(error as UpstreamError)
    }
    release()
    events.sent(isEmpty || !isLast)
  }
  const fail = (error: UpstreamError): void => {
    stop()
    events.broken(error)
  }
  const broken = (): void => fail(clientLeftFault(true))
  body.on('data', send).once('end', end).once('error', broken)
  socket.on('drain', resume)
  return () => {
    stop()
    body.destroy()
  }
}

function writeChunk(socket: Socket, chunk: Uint8Array, written: (error?: Error | null) => void): void {
  if (chunk.byteLength === 0) return
  socket.cork()
  socket.write(`${chunk.byteLength.toString(16)}\r\n`, 'latin1')
  socket.write(chunk, written)
  socket.write('\r\n', 'latin1')
  socket.uncork()
}

/** Only announced trailer fields are sent, as the client did (RFC 9110 section 6.6.2). */
function lastChunk({ announced = [], trailers }: UpstreamRequest): string {
  const section = announced.length === 0 ? [] : (trailers?.() ?? [])
  let text = '0\r\n'
  for (let i = 0; i < section.length; i += 2) {
    if (announced.includes((section[i] as string).toLowerCase())) text += fieldLine(section, i)
  }
  return `${text}\r\n`
}

/** The request line and the fields, without those that frame the content. */
function startOf({ method, path, headers }: UpstreamRequest): string {
  if (forbiddenInLine.test(method) || forbiddenInLine.test(path))
    throw protocolError('the request has a forbidden character')
  let start = `${method} ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) start += fieldLine(headers, i)
  return start
}

/** Framing depends on what the proxy sends, not on the client's framing (RFC 9112 section 6). */
function framing({ length, announced = [] }: UpstreamRequest): string {
  if (length !== undefined) return `Content-Length: ${length}\r\n`
  const trailer = announced.length === 0 ? '' : `Trailer: ${announced.join(', ')}\r\n`
  return `${trailer}Transfer-Encoding: chunked\r\n`
}

/** Methods whose content has a meaning: without a length, some servers wait for it or answer 411. */
const contentMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])

function noContent({ method, length }: UpstreamRequest): string {
  const isStated = contentMethods.has(method) || (length === 0 && method !== 'GET' && method !== 'HEAD')
  return isStated ? 'Content-Length: 0\r\n' : ''
}

function fieldLine(fields: HeaderList, i: number): string {
  const value = fields[i + 1] as string
  if (forbidden.test(value)) throw protocolError(`the request field ${fields[i]} has a forbidden character`)
  return `${fields[i]}: ${value}\r\n`
}
