import { bodyLength, isStreamed } from './body/reply-body.ts'
import { serverFields } from './message/field-classes.ts'
import { getField } from './message/headers.ts'
import type { Reply } from './message/reply.ts'

/** What carries a reply: a version of HTTP, or the Response of a `fetch()`. */
export type ReplyTransport = '1.0' | '1.1' | '2' | 'fetch'

/** How a reply is framed. */
export interface Framing {
  /** The reply's fields with those that frame it. HTTP/1.1 sends content without a length in chunks. */
  readonly headers: string[]
  /** Whether the reply ends with its header section. */
  readonly isBodyless: boolean
  /** Whether fields can follow the content. */
  readonly hasTrailers: boolean
}

/**
 * Decides how a reply is framed: by its length; by the end of its chunks, stream or connection; or without content.
 *
 * @param method Method of the request.
 * @throws TypeError for an invalid body: programs without types make replies too.
 */
export function frameReply(reply: Reply, method: string, transport: ReplyTransport): Framing {
  const { body, status, headers, relayed } = reply
  const length = statedLength(reply, transport)
  const framed: string[] = []
  // RFC 9110 section 8.6: these replies may state the length of content that was never made. For any other without content
  // the client would take the next reply for it.
  const keepsLength = body === null && (status === 304 || (method === 'HEAD' && status !== 204))
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (serverFields.has(name) && (name !== 'content-length' || !keepsLength)) continue
    framed.push(headers[i] as string, headers[i + 1] as string)
  }
  if (length !== undefined && (body !== null || getField(framed, 'content-length') === undefined)) {
    framed.push('Content-Length', String(length))
  }
  const bodyless = isBodyless(method, status)
  // RFC 9112 section 7.1.2: in HTTP/1.1 only the last chunk can be followed by fields.
  const canTrail = transport === '2' || (transport === '1.1' && length === undefined)
  const hasTrailers = canTrail && !bodyless && isStreamed(body)
  const trailer = hasTrailers && relayed === true ? getField(headers, 'trailer') : undefined
  if (trailer !== undefined) framed.push('Trailer', trailer)
  return { headers: framed, isBodyless: bodyless, hasTrailers }
}

function statedLength({ body, status, relayed }: Reply, transport: ReplyTransport): number | undefined {
  if (body !== null && !(body instanceof Uint8Array) && !isStreamed(body)) {
    throw new TypeError('The body of a reply is null, bytes, a stream or a source.')
  }
  // RFC 9110 section 8.6: no length in a 204, nor in a 304 whose length is not known.
  if (status === 204 || status === 304) return undefined
  if (body !== null) return bodyLength(body)
  // Without a length an empty reply of HTTP/1.1 would be chunked. HTTP/2 ends the stream with the header section, so an
  // upstream's reply to HEAD gets no length that the upstream did not state.
  if (transport === '2') return relayed === true ? undefined : 0
  return transport === 'fetch' ? undefined : 0
}

/** RFC 9110 sections 9.3.2 and 6.4.1: these replies end with their header section. */
export function isBodyless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

/** @throws RangeError for a status below 200 or above 999. */
export function checkFinalStatus(status: number): void {
  if (!(status >= 200 && status <= 999)) throw new RangeError(`${status} is not the status of a final reply.`)
}

/** @throws RangeError for a status that would end the message, or switch the protocol (RFC 9110 section 15.2). */
export function checkInterimStatus(status: number): void {
  if (Number.isInteger(status) && status >= 100 && status <= 199 && status !== 101) return
  throw new RangeError(`${status} is not the status of an interim reply; use 103, or another from 100 to 199.`)
}
