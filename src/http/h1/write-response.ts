import { ServerResponse, STATUS_CODES, validateHeaderValue, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex, Writable } from 'node:stream'
import type { Backlog, Waiting } from '../backlog.ts'
import { discard, sendContent, type ReplyWriter, type StreamedBody } from '../body/reply-body.ts'
import type { Exchange } from '../message/exchange.ts'
import { checkFinalStatus, checkInterimStatus, frameReply, isBodyless } from '../framing.ts'
import { FileSlice } from '../body/file.ts'
import { checkField, withField, type HeaderList } from '../message/headers.ts'
import type { Reply, Sent } from '../message/reply.ts'
import { trailerPairs } from '../message/trailers.ts'

const complete: Sent = { bytes: 0, aborted: false }

/** What {@link writeResponse} writes with. */
export interface ResponseOutlets {
  readonly end: EndResponse
  readonly backlog: Backlog
}

/** Ends a response with content in memory; text is Latin-1. */
export type EndResponse = (response: ServerResponse, content: string | Uint8Array | null) => void

/**
 * Writes a reply. Content in memory is given to `end`; otherwise the promise resolves when the last byte is written, or
 * the client has left.
 */
export function writeResponse(
  response: ServerResponse,
  reply: Reply,
  x: Exchange,
  { end, backlog }: ResponseOutlets,
): Sent | Promise<Sent> {
  const { body, status } = reply
  if (body === null || body instanceof Uint8Array) {
    const { headers, content } = prepare(reply, body, x.method)
    writeHead(response, reply, headers)
    if (content === null || isBodyless(x.method, status)) return (end(response, null), complete)
    end(response, content)
    return { bytes: (body as Uint8Array).byteLength, aborted: false }
  }
  const version = response.req.httpVersion === '1.0' ? '1.0' : '1.1'
  const { headers, isBodyless: ends } = frameReply(reply, x.method, version)
  writeHead(response, reply, headers)
  if (ends) {
    discard(body)
    response.end()
    return complete
  }
  return stream(response, body, x, backlog)
}

function writeHead(response: ServerResponse, { status, reason, close }: Reply, headers: string[]): void {
  checkFinalStatus(status)
  if (close === true) response.shouldKeepAlive = false
  try {
    if (reason === undefined) response.writeHead(status, headers)
    else response.writeHead(status, reason, headers)
  } catch (error) {
    // The failed call has set its reason phrase, which the error reply must not send.
    response.statusMessage = ''
    throw error
  }
}

/** A reply as it is written, computed once for shared replies. */
interface Prepared {
  readonly headers: string[]
  readonly content: string | Uint8Array | null
}

const prepared = new WeakMap<Reply, Prepared>()

/** Content up to this many bytes is written as text. */
const textBytes = 16 * 1024

/**
 * Node writes a header section and text in one piece, but a buffer as a second one, which costs more than copying a
 * small reply. So small content becomes Latin-1 text, whose characters are its bytes; for shared (frozen) replies once.
 */
function prepare(reply: Reply, body: Uint8Array | null, method: string): Prepared {
  // A reply to HEAD may have another length.
  const isKept = method !== 'HEAD' && Object.isFrozen(reply)
  const known = isKept ? prepared.get(reply) : undefined
  if (known !== undefined) return known
  const { headers } = frameReply(reply, method, '1.1')
  const short = body !== null && body.byteLength <= textBytes
  const content = short ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1') : body
  const result = { headers, content }
  if (isKept) prepared.set(reply, result)
  return result
}

async function stream(response: ServerResponse, body: StreamedBody, x: Exchange, backlog: Backlog): Promise<Sent> {
  // Middleware such as a compressor replaces `write`.
  const isForeign = response.write !== ServerResponse.prototype.write
  const waiting = trackBacklog(backlog, response)
  const writer = createReplyWriter(response, { signal: x.signal, waiting, isForeign })
  const sending = sendContent(body, writer, x)
  // A file is read at once. Other content may come late, and the client must not wait for the header section.
  if (!(body instanceof FileSlice)) writer.releaseHead()
  const { trailers, ...sent } = await sending
  writer.end()
  // The header section is sent: only a closed connection shows that the message is incomplete (RFC 9112 section 8).
  if (sent.aborted) return (response.destroy(), sent)
  if (trailers !== undefined && response.chunkedEncoding) response.addTrailers(trailerPairs(trailers))
  response.end()
  waiting.set(response.writableLength)
  return sent
}

/** Milliseconds that a header section waits for the first content, to share a write with it. */
const headMs = 2

/** A response whose header section Node holds back until something follows it. */
type Held = Writable & { flushHeaders(): void }

/** Writes content after a header section that is held back. */
interface HeldHeadWriter extends ReplyWriter {
  /** Sends the header section alone unless content follows at once. */
  releaseHead(): void
  /** Ends the wait for content. */
  end(): void
}

/** What {@link createReplyWriter} needs. */
interface ReplyWriterOptions {
  readonly signal: AbortSignal
  /** Tracks what the client has not taken. */
  readonly waiting: Waiting
  /**
   * Whether middleware has replaced `write`, as compressors for Connect do: it keeps chunks, and may never call back.
   */
  readonly isForeign: boolean
}

/** Makes the writer of one reply. */
function createReplyWriter(
  response: Held,
  { signal, waiting: account, isForeign }: ReplyWriterOptions,
): HeldHeadWriter {
  // Not Promise.race() with one promise for the whole reply, which would keep the promise of every chunk until the end.
  const waiting = new Set<() => void>()
  signal.addEventListener('abort', () => waiting.forEach((resolve) => resolve()), { once: true })
  let drained: Promise<void> | undefined
  let begun = false
  let head: NodeJS.Timeout | undefined

  function begin(): void {
    if (begun) return
    begun = true
    clearTimeout(head)
  }

  function write(chunk: Uint8Array): Promise<void> {
    begin()
    account.add(chunk.byteLength)
    return new Promise((resolve) => {
      waiting.add(resolve)
      const done = (error?: unknown): void => {
        account.taken(chunk.byteLength)
        // The connection is gone, and its abort resolves: a source that always has content would never let the event loop
        // come to the abort. A response that a program has ended keeps its connection, and light-my-request passes a number.
        if (error instanceof Error && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_WRITE_AFTER_END') return
        waiting.delete(resolve)
        resolve()
      }
      if (!isForeign) response.write(chunk, done)
      else if (response.write(Uint8Array.from(chunk))) done()
      else response.once('drain', done)
    })
  }

  function pass(chunk: Uint8Array, free?: () => void): Promise<void> | void {
    begin()
    const written = (error?: Error | null): void => {
      if (error === undefined || error === null) free?.()
    }
    if (free === undefined ? response.write(chunk) : response.write(chunk, written)) return
    account.set(response.writableLength)
    drained ??= new Promise((resolve) => {
      const done = (): void => {
        account.set(0)
        drained = undefined
        waiting.delete(done)
        resolve()
      }
      waiting.add(done)
      response.once('drain', done)
    })
    return drained
  }

  return {
    write,
    pass: isForeign ? write : pass,
    releaseHead() {
      if (!begun) head = setTimeout(() => response.flushHeaders(), headMs)
    },
    end: begin,
  }
}

/** Tracks the bytes of a response that its client has not taken, until the response closes. */
export function trackBacklog(backlog: Backlog, response: ServerResponse): Waiting {
  const { socket } = response
  // Node's own timeouts read this too: the bytes that the system has not sent yet.
  const queued = (): number =>
    (socket as { _handle?: { writeQueueSize?: number } } | null)?._handle?.writeQueueSize ?? 0
  const waiting = backlog.open(() => socket?.destroy(), queued)
  if (response.closed) waiting.close()
  else response.once('close', () => waiting.close())
  return waiting
}

/** The response to a request whose connection Node has detached; it ends the connection. */
export function responseOnSocket(socket: Duplex, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket as Socket)
  socket.on('drain', () => response.emit('drain'))
  response.once('finish', () => socket.end(() => request.socket.destroySoon()))
  return response
}

/** Writes a reply with content in memory on a socket without a response, and ends it. */
export function writeRawResponse(socket: Duplex, reply: Reply): void {
  const body = reply.body instanceof Uint8Array ? reply.body : new Uint8Array()
  const { headers } = frameReply({ ...reply, body }, '', '1.1')
  headers.push('Date', new Date().toUTCString(), 'Connection', 'close')
  socket.write(head(reply, headers), 'latin1')
  socket.end(body)
}

/** Writes the 101 of an upgrade and hands the connection over. */
export function writeUpgrade(socket: Duplex, reply: Reply, rest: Uint8Array): void {
  socket.write(head(reply, withField(reply.headers, 'Connection', 'Upgrade')), 'latin1')
  reply.takeover?.(socket, rest)
}

type StatusLine = Pick<Reply, 'status' | 'reason'>

/** @throws TypeError for what would split the message. */
function head({ status, reason = STATUS_CODES[status] ?? '' }: StatusLine, headers: HeaderList): string {
  validateHeaderValue('reason-phrase', reason)
  let text = `HTTP/1.1 ${status} ${reason}\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i] as string, headers[i + 1] as string]
    checkField(name, value)
    text += `${name}: ${value}\r\n`
  }
  return `${text}\r\n`
}

/**
 * Sends an interim reply (RFC 9110 section 15.2), such as 103 with links. Drops it while earlier replies are written,
 * after the final reply, and for HTTP/1.0.
 */
export function writeInterim(response: ServerResponse, status: number, headers: HeaderList): void {
  checkInterimStatus(status)
  const { socket } = response
  if (socket === null || response.headersSent || response.req.httpVersion === '1.0') return
  socket.write(head({ status }, headers), 'latin1')
}
