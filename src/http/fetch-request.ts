import type { Readable } from 'node:stream'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange } from './message/exchange.ts'

/** A Request of the Fetch API, made of an exchange. */
export interface FetchRequest {
  readonly request: Request
  /** Why its content ended early: it is too large, or the client left. Undefined while it did not. */
  readonly contentError: () => unknown
  /**
   * Takes the content that the handler reads while its reply is sent, as `new Response(request.body)` does: content that
   * no handler took is dropped before the reply.
   */
  keep(replyBody: unknown): void
  /** Drops the content that the handler began to read and left: a client that still sends it must not wait. */
  close(): void
}

/**
 * Makes the Request of an exchange. Its content is read when the handler reads it, at the pace of the handler.
 *
 * @param signal Aborts when the client leaves.
 * @throws ServeError `E8008_TARGET_INVALID` for a target that is no URL.
 */
export function fetchRequest(x: Exchange, signal: AbortSignal): FetchRequest {
  const { method, headers, body } = x
  let content: Readable | undefined
  let failure: unknown
  let stream: ReadableStream<Uint8Array> | undefined
  const open = (): Readable => (content ??= body.stream())
  const init: RequestInit & { duplex?: 'half' } = { method, signal }
  // The Fetch API has no content in these.
  if (body.expected && method !== 'GET' && method !== 'HEAD') {
    stream = contentStream(open, (error) => (failure = error))
    init.body = stream
    init.duplex = 'half'
  }
  const url = urlOf(x)
  if (!URL.canParse(url)) throw new ServeError('E8008_TARGET_INVALID', 'The request-target and the Host make no URL.')
  const request = new Request(url, init)
  headers.names.forEach((name, i) => request.headers.append(name, headers.raw[2 * i + 1] as string))
  // A URL object resolves dot segments, which a handler must see as the client sent them.
  if (request.url !== url) Object.defineProperty(request, 'url', { value: url, enumerable: true })
  return {
    request,
    contentError: () => failure,
    keep: (replyBody) => {
      if (stream !== undefined && (stream.locked || stream === replyBody)) open()
    },
    close: () => void content?.destroy(),
  }
}

/** Scheme, authority and target as the client sent them. */
function urlOf({ target, headers, peer }: Exchange): string {
  const scheme = target.scheme ?? (peer.encrypted ? 'https' : 'http')
  // HTTP/1.0 has no Host; then the address names the server.
  const address = peer.localAddress.includes(':') ? `[${peer.localAddress}]` : peer.localAddress
  const authority = target.authority ?? headers.get('host') ?? `${address}:${peer.localPort}`
  return `${scheme}://${authority}${target.path}${target.query}`
}

function contentStream(open: () => Readable, onFailure: (error: unknown) => void): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          chunks ??= open()[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
          const { done, value } = await chunks.next()
          if (done === true) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          onFailure(error)
          throw error
        }
      },
      async cancel() {
        await chunks?.return?.()
      },
    },
    // Not before the handler reads: until then the next layer can have the content.
    { highWaterMark: 0 },
  )
}
