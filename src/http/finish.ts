import { STATUS_CODES, type ServerResponse } from 'node:http'
import { Readable, type Duplex } from 'node:stream'
import { discard } from './body.ts'
import type { Exchange } from './exchange.ts'
import { sendFile } from './file-body.ts'
import { FileSlice } from './file-slice.ts'
import { getField, type HeaderList } from './headers.ts'
import type { Body, Reply, Source } from './reply.ts'

/** What became of a reply. */
export interface Sent {
  /** Bytes of content handed to the connection. */
  readonly bytes: number
  /** Whether the content did not go out whole. */
  readonly aborted: boolean
}

const complete: Sent = { bytes: 0, aborted: false }

/**
 * Writes a reply: the only place where an answer meets the connection. Replies from memory are
 * written at once; the promise of the others resolves when the last byte left or the client did.
 */
export function finish(response: ServerResponse, reply: Reply, x: Exchange): Sent | Promise<Sent> {
  const { body, status } = reply
  if (reply.close === true) response.shouldKeepAlive = false
  const bytes = body === null ? 0 : body instanceof Uint8Array ? body.byteLength : undefined
  if (bytes !== undefined) {
    response.writeHead(status, lengthened(reply, bytes))
    if (bytes === 0 || isBodyless(x.method, status)) response.end()
    else {
      const text = textOf(reply)
      if (text === undefined) response.end(body)
      else response.end(text, 'latin1')
      return { bytes, aborted: false }
    }
    return complete
  }
  response.writeHead(status, lengthened(reply, lengthOf(body)))
  if (isBodyless(x.method, status)) {
    discard(body)
    response.end()
    return complete
  }
  return stream(response, body, x)
}

/** RFC 9110 sections 9.3.2 and 6.4.1: these replies end with their header section. */
function isBodyless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

function lengthOf(body: Body): number | undefined {
  return body instanceof FileSlice ? body.length : body instanceof Readable ? undefined : (body as Source).length
}

/** Content up to this many bytes is kept as text too. */
const textBytes = 16 * 1024

/**
 * Node joins a header section and text into one write, but sends a buffer as a second one, and the
 * system call is most of what a small reply costs. So the content of replies that are kept (they are
 * frozen) is kept as Latin-1 text, whose characters are the bytes.
 */
const texts = new WeakMap<Reply, string>()

function textOf(reply: Reply): string | undefined {
  const { body } = reply
  if (!(body instanceof Uint8Array) || body.byteLength > textBytes || !Object.isFrozen(reply)) return undefined
  let text = texts.get(reply)
  if (text === undefined) {
    text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
    texts.set(reply, text)
  }
  return text
}

/** RFC 9110 section 8.6: no `Content-Length` in a 204, nor in a 304 whose length nobody computed. */
function lengthened(reply: Reply, length: number | undefined): string[] {
  const headers = [...reply.headers]
  if (length === undefined || reply.status === 204 || reply.status === 304) return headers
  // A reply to HEAD may state the length of content that was never made.
  if (reply.body !== null || getField(headers, 'content-length') === undefined) {
    headers.push('Content-Length', String(length))
  }
  return headers
}

async function stream(response: ServerResponse, body: Body, x: Exchange): Promise<Sent> {
  const { signal } = x
  const gone = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  let bytes = 0
  const write = (chunk: Uint8Array): Promise<void> => {
    bytes += chunk.byteLength
    const flushed = new Promise<void>((resolve) => response.write(chunk, () => resolve()))
    return Promise.race([flushed, gone])
  }
  try {
    if (body instanceof FileSlice) await sendFile(body, write, signal)
    else if (body instanceof Readable) await sendReadable(body, write, signal)
    else await (body as Source).pull({ write }, signal)
  } catch {
    // The header section is out, so all that is left is to make the loss visible: cut the
    // connection, and the client sees an incomplete message (RFC 9112 section 8).
    response.destroy()
    return { bytes, aborted: true }
  }
  if (signal.aborted) {
    response.destroy()
    return { bytes, aborted: true }
  }
  response.end()
  return { bytes, aborted: false }
}

async function sendReadable(body: Readable, write: (chunk: Uint8Array) => Promise<void>, signal: AbortSignal) {
  const stop = (): unknown => body.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of body) await write(typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array))
  } finally {
    signal.removeEventListener('abort', stop)
    body.destroy()
  }
}

/** Writes a whole reply on a bare connection, where node:http has no response object for it. */
export function finishRaw(socket: Duplex, reply: Reply): void {
  const body = reply.body instanceof Uint8Array ? reply.body : new Uint8Array()
  const headers = [...lengthened(reply, body.byteLength), 'Date', new Date().toUTCString(), 'Connection', 'close']
  socket.write(head(reply.status, headers))
  socket.end(body)
}

/** Writes the 101 of an upgrade and hands the connection over. */
export function finishUpgrade(socket: Duplex, reply: Reply, rest: Uint8Array): void {
  socket.write(head(reply.status, reply.headers))
  reply.takeover?.(socket, rest)
}

function head(status: number, headers: HeaderList): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${text}\r\n`
}

/**
 * Sends an interim reply (RFC 9110 section 15.2), such as 103 with links. It is dropped where it
 * could not stand: before the replies of earlier requests, after our own, or for HTTP/1.0.
 */
export function finishInterim(response: ServerResponse, status: number, headers: HeaderList): void {
  const { socket } = response
  if (socket === null || response.headersSent || response.req.httpVersion === '1.0') return
  socket.write(head(status, headers))
}
