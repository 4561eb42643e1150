import { Readable } from 'node:stream'
import { discard } from './body.ts'
import type { Exchange, Handler } from './exchange.ts'
import { sendFile } from './file-body.ts'
import { FileSlice } from './file-slice.ts'
import type { HeaderList } from './headers.ts'
import { plainExchange } from './plain-exchange.ts'
import type { Body, Reply } from './reply.ts'

/** Answers a Fetch API request through a pipeline, without a connection. */
export async function answerFetch(handler: Handler, request: Request, bodyBytes: number): Promise<Response> {
  const url = new URL(request.url)
  const headers = ['Host', url.host, ...[...request.headers].flat()]
  const content = request.body === null ? undefined : Readable.fromWeb(request.body as never)
  const x = plainExchange({
    method: request.method,
    target: `${url.pathname}${url.search}`,
    headers: content === undefined ? headers : framed(headers, request.headers.get('content-length')),
    bodyBytes,
    signal: request.signal,
    peer: { address: '127.0.0.1', port: 0, localAddress: '127.0.0.1', localPort: 0, encrypted: false },
    ...(content === undefined ? {} : { content }),
  })
  return toResponse(await handler(x), x)
}

/** A stream without a length is what HTTP/1.1 would send in chunks. */
function framed(headers: string[], length: string | null): string[] {
  return length === null ? [...headers, 'Transfer-Encoding', 'chunked'] : headers
}

function toResponse(reply: Reply, x: Exchange): Response {
  const { status, body } = reply
  const bodyless = x.method === 'HEAD' || status === 204 || status === 304
  if (bodyless) discard(body)
  return new Response(bodyless ? null : toWeb(body, x.signal), { status, headers: pairs(reply.headers, body) })
}

function pairs(headers: HeaderList, body: Body): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) list.push([headers[i] as string, headers[i + 1] as string])
  const length = body === null || body instanceof Readable ? undefined : body.length
  if (length !== undefined) list.push(['Content-Length', String(length)])
  return list
}

function toWeb(body: Body, signal: AbortSignal): ConstructorParameters<typeof Response>[0] {
  if (body === null) return null
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>
  if (body instanceof Readable) return Readable.toWeb(body) as ReadableStream<Uint8Array>
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  const gone = new AbortController()
  const stopped = AbortSignal.any([signal, gone.signal])
  // The reader stops by cancelling, which closes the writer with an error.
  void writer.closed.catch(() => gone.abort())
  // Copied, since a file's buffer is used again once it was taken.
  const write = (chunk: Uint8Array): Promise<void> => writer.write(chunk.slice()).catch(() => gone.abort())
  const pulled = body instanceof FileSlice ? sendFile(body, write, stopped) : body.pull({ write }, stopped)
  void pulled.then(
    // What was given up must not look complete.
    () => (stopped.aborted ? writer.abort(stopped.reason) : writer.close()).catch(() => gone.abort()),
    (error: unknown) => writer.abort(error).catch(() => gone.abort()),
  )
  return readable
}
