import { Readable } from 'node:stream'
import { isServeError, ServeError } from '../core/serve-error.ts'
import { discard, pulledStream, pumpBody, type StreamedBody } from './body/reply-body.ts'
import { isUnclaimed } from './respond.ts'
import type { Exchange, Handler } from './message/exchange.ts'
import { frameReply } from './framing.ts'
import { syntheticExchange } from './synthetic-exchange.ts'
import type { Body, Reply } from './message/reply.ts'

/** Answers Fetch API requests through a pipeline, without a connection. */
export interface FetchAnswer {
  /**
   * Answers a request. Rejects as the global `fetch()` does: with the reason of its signal once that aborts, and with the
   * error of its content.
   */
  answer(request: Request): Promise<Response>
  /** Answers a request. Resolves to undefined, with the request unread, where the pipeline has nothing for it. */
  offer(request: Request): Promise<Response | undefined>
  /** Frees bodies that were never read: they may hold open files. */
  close(): void
}

/** Makes the `fetch()` of a pipeline. @param bodyBytes Most bytes of content that are read. */
export function createFetchAnswer(handler: Handler, bodyBytes: number): FetchAnswer {
  const unread = new Set<Body>()
  return {
    answer: async (request) => {
      request.signal.throwIfAborted()
      const { x, content } = exchangeOf(request, bodyBytes)
      const reply = await handler(x)
      if (request.signal.aborted || content.failed) discard(reply.body)
      request.signal.throwIfAborted()
      if (content.failed) throw content.error
      return toResponse(reply, x, unread)
    },
    offer: async (request) => {
      const { x, content } = exchangeOf(request, bodyBytes)
      const reply = await handler(x)
      // The client of the program may have left: nothing reads a rejection then. A wrong length is the program's mistake.
      if (isServeError(content.error)) {
        discard(reply.body)
        throw content.error
      }
      if (!isUnclaimed(x)) return toResponse(reply, x, unread)
      discard(reply.body)
      return undefined
    },
    close: () => {
      unread.forEach(discard)
      unread.clear()
    },
  }
}

/** What became of the content of a request. */
interface ContentState {
  failed: boolean
  error: unknown
}

function exchangeOf(request: Request, bodyBytes: number): { x: Exchange; content: ContentState } {
  const url = new URL(request.url)
  const given = [...request.headers].filter(([name]) => name !== 'host').flat()
  const headers = ['Host', request.headers.get('host') ?? url.host, ...given]
  const length = request.headers.get('content-length')
  const content: ContentState = { failed: false, error: undefined }
  const hasContent = request.body !== null || length !== null
  const x = syntheticExchange({
    method: request.method,
    target: `${url.pathname}${url.search}`,
    headers: request.body === null ? headers : framed(headers, length),
    bodyBytes,
    signal: request.signal,
    peer: {
      address: '127.0.0.1',
      port: 0,
      localAddress: '127.0.0.1',
      localPort: 0,
      encrypted: url.protocol === 'https:',
    },
    ...(hasContent
      ? {
          content: Readable.from(contentOf(request, length, content), { objectMode: false }),
          isSpent: () => request.bodyUsed || request.body?.locked === true,
        }
      : {}),
  })
  return { x, content }
}

/**
 * Takes the content on the first read: until then another handler can have the request. A length that a program states
 * wrongly would look like a fault of the upstream that gets it.
 */
async function* contentOf(
  { body }: Request,
  length: string | null,
  state: ContentState,
): AsyncGenerator<Uint8Array, void> {
  let bytes = 0
  try {
    if (body !== null)
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        bytes += chunk.byteLength
        if (length !== null && bytes > Number(length))
          throw lengthError(`The content of the request has more bytes than its Content-Length says: ${length}.`)
        yield chunk
      }
    if (length !== null && bytes < Number(length))
      throw lengthError(`The content of the request has ${bytes} bytes, and its Content-Length says ${length}.`)
  } catch (error) {
    Object.assign(state, { failed: true, error })
    throw error
  }
}

function lengthError(message: string): ServeError {
  return new ServeError('E8008_FRAMING', message, { hint: 'leave Content-Length out of the request' })
}

/** The fields of content: without a length, HTTP/1.1 would send it in chunks. */
function framed(headers: string[], length: string | null): string[] {
  return length === null ? [...headers, 'Transfer-Encoding', 'chunked'] : headers
}

function toResponse(reply: Reply, x: Exchange, unread: Set<Body>): Response {
  const { status, reason: statusText = '', body } = reply
  const framing = frameReply(reply, x.method, 'fetch')
  if (framing.isBodyless) discard(body)
  const headers = pairs(framing.headers)
  const init = { status: Math.min(status, 599), statusText, headers }
  const response = new Response(framing.isBodyless ? null : contentFor(body, x.signal, unread), init)
  return status > 599 ? withStatus(response, status) : response
}

/** As with the global `fetch()`, whose Response has any status, while a program can make none above 599. */
function withStatus(response: Response, status: number): Response {
  const clone = (): Response => withStatus(Response.prototype.clone.call(response), status)
  return Object.defineProperties(response, { status: { value: status, enumerable: true }, clone: { value: clone } })
}

function contentFor(
  body: Body,
  signal: AbortSignal,
  unread: Set<Body>,
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null {
  if (body === null || body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer> | null
  return onDemand(body, signal, unread)
}

/** A stream that starts on its first read: a caller that needs only the status opens no file. */
function onDemand(body: StreamedBody, signal: AbortSignal, unread: Set<Body>): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array | string> | undefined
  unread.add(body)
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        unread.delete(body)
        reader ??= toWeb(body, signal).getReader()
        const { done, value } = await reader.read()
        if (done) controller.close()
        // The stream of a program may yield text.
        else controller.enqueue(typeof value === 'string' ? Buffer.from(value) : value)
      },
      cancel(reason) {
        unread.delete(body)
        if (reader === undefined) return discard(body)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

function pairs(headers: readonly string[]): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) list.push([headers[i] as string, headers[i + 1] as string])
  return list
}

function toWeb(body: StreamedBody, signal: AbortSignal): ReadableStream<Uint8Array | string> {
  const stream = body instanceof Readable ? body : pulledStream((...to) => pumpBody(body, ...to)).stream
  // Before the stream is destroyed: of a destroyed one the web stream would end as if it were complete.
  const web = Readable.toWeb(stream) as ReadableStream<Uint8Array | string>
  const stop = (): unknown => stream.destroy(signal.reason as Error)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  stream.once('close', () => signal.removeEventListener('abort', stop))
  return web
}
