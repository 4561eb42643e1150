import type { HeaderList } from './message/headers.ts'
import type { Reply, Sink, Source } from './message/reply.ts'

/** Whether a value is a Response of the Fetch API: of this realm, of another, or of a library with a class of its own. */
export function isResponse(value: unknown): value is Response {
  const { status, headers, arrayBuffer } = (value ?? {}) as Partial<Response>
  return typeof status === 'number' && typeof headers?.forEach === 'function' && typeof arrayBuffer === 'function'
}

/**
 * The reply that says what a Response of the Fetch API says. Its content is read at the pace of the client, and
 * cancelled when the client leaves.
 *
 * @throws TypeError for a Response whose content was read, one that stands for a network error, and one of a library
 *   whose content is no ReadableStream.
 */
export function responseReply(response: Response): Reply {
  const { status, statusText, body, bodyUsed } = response
  if (status === 0) throw new TypeError('the Response stands for a network error and cannot be sent')
  if (bodyUsed || body?.locked === true) throw new TypeError('the content of the Response was read already')
  if (body !== null && typeof (body as Partial<typeof body> | undefined)?.getReader !== 'function')
    throw new TypeError('the content of the Response is no ReadableStream')
  const headers = fieldsOf(response)
  const length = response.headers.get('content-length')
  const stated = length !== null && /^\d+$/.test(length) && isAsSent(response) ? Number(length) : undefined
  return {
    status,
    // HTTP/2 has none, and `new Response()` leaves it empty.
    ...(statusText === '' ? {} : { reason: statusText }),
    headers,
    body: body === null ? null : webSource(body, stated),
  }
}

/** The fields. Several `Set-Cookie` stay several, since a comma cannot join them (RFC 9110 section 5.3). */
function fieldsOf(response: Response): HeaderList {
  const { headers } = response
  const fields: string[] = []
  headers.forEach((value, name) => {
    // A Response has no trailers, so it announces none (RFC 9110 section 6.6.2).
    if (name === 'set-cookie' || name === 'trailer') return
    if (isAsSent(response) || !ofCoding.has(name)) fields.push(name, value)
  })
  for (const cookie of headers.getSetCookie()) fields.push('set-cookie', cookie)
  return fields
}

const ofCoding: ReadonlySet<string> = new Set(['content-encoding', 'content-length'])

/** `fetch()` decodes the content that a server sent in a coding, and leaves the fields that describe the coded bytes. */
function isAsSent({ type, headers }: Response): boolean {
  return (type !== 'basic' && type !== 'cors') || !headers.has('content-encoding')
}

/** A source that reads a web stream. */
function webSource(stream: ReadableStream<Uint8Array>, length: number | undefined): Source {
  const cancel = (reason?: unknown): void => {
    // It rejects for a stream that failed, which holds nothing any more.
    if (!stream.locked) void stream.cancel(reason).catch(() => {})
  }
  return {
    length,
    async pull(sink: Sink, signal: AbortSignal) {
      const reader = stream.getReader()
      const stop = (): void => void reader.cancel(signal.reason).catch(() => {})
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      try {
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
          if (!((read.value as unknown) instanceof Uint8Array)) {
            throw new TypeError(
              'the content of the Response is not made of bytes; encode text with a TextEncoderStream',
            )
          }
          await sink.write(read.value)
        }
      } catch (error) {
        void reader.cancel(error).catch(() => {})
        throw error
      } finally {
        signal.removeEventListener('abort', stop)
        reader.releaseLock()
      }
    },
    cancel,
  }
}
