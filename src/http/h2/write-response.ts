import type { ServerHttp2Stream, OutgoingHttpHeaders } from 'node:http2'
import type { Backlog, Waiting } from '../backlog.ts'
import { resetStream, stopReading, whenContentEnds } from './reset.ts'
import type { Limits } from '../../config/options/limits.ts'
import { discard, sendContent, type ReplyWriter } from '../body/reply-body.ts'
import type { Exchange } from '../message/exchange.ts'
import { checkFinalStatus, checkInterimStatus, frameReply, isBodyless } from '../framing.ts'
import { connectionFields } from '../message/field-classes.ts'
import { checkField, type HeaderList } from '../message/headers.ts'
import type { Reply, Sent } from '../message/reply.ts'
import { trailerPairs } from '../message/trailers.ts'

/**
 * Content in memory up to this many bytes is one write and counts as sent then; larger content waits for the client. Each
 * further write costs 20 µs.
 */
const atOnceBytes = 128 * 1024
/** Fields that Node accepts once only: the first of several is sent. */
const single: ReadonlySet<string> = new Set([
  ...['access-control-allow-credentials', 'access-control-max-age', 'age', 'content-length', 'content-location'],
  ...['content-md5', 'content-range', 'content-type', 'date', 'etag', 'expires', 'last-modified', 'location'],
  ...['retry-after', 'tk', 'x-content-type-options', 'authorization', 'from', 'host', 'max-forwards', 'referer'],
])
/** Lists that Node accepts as one field only: their values are joined (RFC 9110 section 5.3). */
const joined: ReadonlySet<string> = new Set(['content-encoding', 'content-language'])
/** What the streams of one server share. */
export interface Http2Host {
  readonly backlog: Backlog
  readonly limits: Limits
}

/** An exchange that knows whether its client still sends content. */
interface ReceivingExchange extends Exchange {
  readonly isSending: boolean
}

/** Whether a reply can be written at once, and its stream ended later. */
export function goesOutAtOnce({ body, status }: Reply, method: string): boolean {
  if (!(body instanceof Uint8Array) || isBodyless(method, status)) return false
  return body.byteLength > 0 && body.byteLength <= atOnceBytes
}

/**
 * Writes a reply on a stream. Content that fails resets the stream, so that it never looks complete (RFC 9113
 * section 8.1).
 */
export function writeHttp2Response(
  stream: ServerHttp2Stream,
  reply: Reply,
  x: ReceivingExchange,
  host: Http2Host,
): Sent | Promise<Sent> {
  const { backlog, limits } = host
  const { body, status } = reply
  checkFinalStatus(status)
  const framing = frameReply(reply, x.method, '2')
  const fields = http2Fields(status, framing.headers)
  if (body === null || body instanceof Uint8Array) {
    const endStream = body === null || body.byteLength === 0 || framing.isBodyless
    stream.respond(fields, { endStream })
    whenFinished(stream, host)
    if (endStream) return { bytes: 0, aborted: false }
    if (body.byteLength > atOnceBytes) return sendLarge(stream, body, backlog)
    const writer = new Http2Writer(stream, backlog)
    if (x.isSending) {
      void writer.write(body)
      // Some clients lose the reply if its stream ends while they send.
      void whenContentEnds(stream, limits).then(() => writer.end())
    } else writer.endWith(body)
    return { bytes: body.byteLength, aborted: false }
  }
  stream.respond(fields, { endStream: framing.isBodyless, waitForTrailers: framing.hasTrailers && 'pull' in body })
  if (framing.isBodyless) {
    discard(body)
    whenFinished(stream, host)
    return { bytes: 0, aborted: false }
  }
  return sendBody(stream, reply, x, host)
}

async function sendLarge(stream: ServerHttp2Stream, body: Uint8Array, backlog: Backlog): Promise<Sent> {
  const writer = new Http2Writer(stream, backlog)
  writer.endWith(body)
  return { bytes: body.byteLength, aborted: !(await writer.end()) }
}

async function sendBody(stream: ServerHttp2Stream, { body }: Reply, x: Exchange, host: Http2Host): Promise<Sent> {
  let pairs: [string, string][] = []
  stream.once('wantTrailers', () => {
    // An error thrown here would end the process.
    if (stream.destroyed || stream.closed) return
    stream.sendTrailers(listed(pairs))
    setImmediate(stopReading, stream, host.limits)
  })
  const writer = new Http2Writer(stream, host.backlog)
  const { trailers, ...sent } = await sendContent(body as Parameters<typeof sendContent>[0], writer, x)
  if (sent.aborted) {
    resetStream(stream, x.signal.aborted ? 'cancel' : 'internal')
    return sent
  }
  pairs = checkedTrailers(trailers ?? [])
  if (!('pull' in (body as object))) whenFinished(stream, host)
  return (await writer.end()) ? sent : { ...sent, aborted: true }
}

/** One turn later the end of the reply is sent, so that no reset overtakes it. */
function whenFinished(stream: ServerHttp2Stream, { limits }: Http2Host): void {
  if (stream.writableFinished) setImmediate(stopReading, stream, limits)
  else stream.once('finish', () => setImmediate(stopReading, stream, limits))
}

/** Answers an extended CONNECT with 200 instead of 101, without a key (RFC 8441 section 5). */
export function writeHttp2Upgrade(stream: ServerHttp2Stream, { headers, takeover }: Reply): void {
  const fields = http2Fields(200, headers)
  delete fields['sec-websocket-accept']
  stream.respond(fields)
  // The tunnel to the upstream resets both ends by this method of net.Socket.
  Object.assign(stream, { resetAndDestroy: () => resetStream(stream, 'cancel') })
  takeover?.(stream, new Uint8Array())
}

/** Sends an interim reply; drops it after the final one. */
export function writeHttp2Interim(stream: ServerHttp2Stream, status: number, headers: HeaderList): void {
  checkInterimStatus(status)
  if (stream.headersSent || stream.destroyed || stream.closed) return
  stream.additionalHeaders(http2Fields(status, headers))
}

/** @throws TypeError for a field that no message can carry. */
function http2Fields(status: number, headers: HeaderList): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.create(null)
  fields[':status'] = status
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [(headers[i] as string).toLowerCase(), headers[i + 1] as string]
    checkField(name, value)
    if (isSendable(name)) append(fields, name, value)
  }
  return fields
}

/** RFC 9113 section 8.2.2 allows `TE` in requests only. */
function isSendable(name: string): boolean {
  return name !== 'te' && !connectionFields.has(name)
}

function append(fields: OutgoingHttpHeaders, name: string, value: string): void {
  const before = fields[name]
  if (before === undefined) fields[name] = value
  else if (joined.has(name)) fields[name] = `${String(before)}, ${value}`
  else if (Array.isArray(before)) before.push(value)
  else if (!single.has(name)) fields[name] = [String(before), value]
}

/** Leaves out trailers that cannot be sent: the content is sent already, and complete. */
function checkedTrailers(trailers: HeaderList): [string, string][] {
  return trailerPairs(trailers).filter(([name, value]) => {
    try {
      checkField(name, value)
      return !name.startsWith(':')
    } catch {
      return false
    }
  })
}

function listed(pairs: readonly (readonly [string, string])[]): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = Object.create(null)
  for (const [name, value] of pairs) append(fields, name.toLowerCase(), value)
  return fields
}

/** Bytes that are written at once: a client that takes them makes progress, and is not given up. */
const pieceBytes = 64 * 1024

/** Writes content on a stream, and tracks what its client has not taken: it may never open its window. */
class Http2Writer implements ReplyWriter {
  readonly #stream: ServerHttp2Stream
  readonly #account: Waiting
  /** Bytes until the end of the stream; NaN where that is not known. */
  #left = Number.NaN
  /** Called when a piece is sent, or the client has left. */
  readonly #waiting = new Set<() => void>()
  #whenTaken: (() => void) | undefined
  /** Resolves when all waiting chunks are sent; undefined when none waits. */
  #queue: Promise<void> | undefined

  constructor(stream: ServerHttp2Stream, backlog: Backlog) {
    this.#stream = stream
    this.#account = backlog.open(() => resetStream(stream, 'cancel'))
    if (stream.destroyed || stream.closed) this.#account.close()
    stream.once('close', () => {
      this.#account.close()
      for (const done of this.#waiting) done()
    })
  }

  write(chunk: Uint8Array): Promise<void> {
    this.#account.add(chunk.byteLength)
    const isSmall = chunk.byteLength <= pieceBytes
    if (isSmall && this.#queue === undefined && !this.#stream.writableNeedDrain) return this.#writePiece(chunk)
    const written = (this.#queue ?? Promise.resolve()).then(() => this.#writePieces(chunk))
    this.#queue = written
    return written.then(() => {
      if (this.#queue === written) this.#queue = undefined
    })
  }

  pass(chunk: Uint8Array): Promise<void> | void {
    const written = this.write(chunk)
    if (this.#queue !== undefined || this.#stream.writableNeedDrain) return written
  }

  /** Ends the stream when the client has taken all content. Resolves with whether it has, or false when it has left. */
  async end(): Promise<boolean> {
    while (this.#queue !== undefined) await this.#queue.then(() => Promise.resolve())
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#whenTaken = resolve))
    // The last piece has ended it.
    if (this.#stream.writableFinished) return true
    if (this.#stream.destroyed || this.#stream.closed) return false
    // Not before: a reset would abort the process while trailers wait behind a closed window (see cancelStream).
    this.#stream.end()
    return true
  }

  /** Writes all content, and ends the stream with its last piece. */
  endWith(content: Uint8Array): void {
    this.#left = content.byteLength
    if (content.byteLength > atOnceBytes) return void this.write(content)
    this.#account.add(content.byteLength)
    void this.#writePiece(content)
  }

  /** One after the other: Node joins queued writes, and calls back after the last one only. */
  async #writePieces(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += pieceBytes) {
      await this.#writePiece(chunk.subarray(at, at + pieceBytes))
    }
  }

  #writePiece(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.closed) return resolve()
      this.#left -= piece.byteLength
      const sent = this.#wait(piece.byteLength, resolve)
      // The end goes with the last piece: as a frame of its own it would wait for a window, and Node would reset the stream.
      if (this.#left === 0) this.#stream.once('finish', sent).end(piece)
      else this.#stream.write(piece, sent)
    })
  }

  /** Tracks bytes that are written. Returns the callback of their write. */
  #wait(bytes: number, act: () => void): () => void {
    const done = (): void => {
      if (!this.#waiting.delete(done)) return
      this.#account.taken(bytes)
      if (this.#waiting.size === 0) this.#whenTaken?.()
      act()
    }
    this.#waiting.add(done)
    return done
  }
}
