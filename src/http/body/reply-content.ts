import { Readable } from 'node:stream'
import type { Exchange } from '../message/exchange.ts'
import { sendFile } from './file-body.ts'
import { FileSlice } from './file-slice.ts'
import type { HeaderList } from '../message/headers.ts'
import type { ReplyWriter } from './reply-writer.ts'
import type { Body, Sent } from '../message/reply.ts'

/** A body that is not in memory. */
export type StreamedBody = Exclude<Body, null | Uint8Array>

/** What became of the content of a reply. Where it was aborted, its message must not look complete. */
export interface SentContent extends Sent {
  /** Fields that follow the content. */
  readonly trailers?: HeaderList | undefined
}

/** Whether a body can be streamed: programs make replies too, and not all of them are typed. */
export function isStreamed(body: unknown): body is StreamedBody {
  const { pull } = (body ?? {}) as { pull?: unknown }
  return body instanceof FileSlice || body instanceof Readable || typeof pull === 'function'
}

/** The length of a body in bytes, undefined where it is not known. */
export function bodyLength(body: Exclude<Body, null>): number | undefined {
  return body instanceof Readable ? undefined : body.length
}

/** Sends a body through the writer of its reply. Never rejects. */
export async function sendContent(body: StreamedBody, writer: ReplyWriter, x: Exchange): Promise<SentContent> {
  const { signal } = x
  const length = bodyLength(body)
  let bytes = 0
  let trailers: HeaderList | undefined
  const count = (chunk: Uint8Array): boolean => {
    if (signal.aborted) return false
    bytes += chunk.byteLength
    // One byte more would be read as the beginning of the next reply.
    if (length !== undefined && bytes > length) throw new RangeError('The body is longer than it said.')
    return true
  }
  const write = (chunk: Uint8Array): Promise<void> => (count(chunk) ? writer.write(chunk) : Promise.resolve())
  const pass = (chunk: Uint8Array, free?: () => void): Promise<void> | void =>
    count(chunk) ? writer.pass(chunk, free) : undefined
  try {
    if (body instanceof FileSlice) await sendFile(body, write, signal)
    else if (body instanceof Readable) await sendReadable(body, write, signal)
    else trailers = (await body.pull({ write, pass }, signal)) ?? undefined
    if (!signal.aborted && length !== undefined && bytes < length)
      throw new RangeError('The body is shorter than it said.')
  } catch (error) {
    // A source that gives up because the client has left did nothing wrong.
    return signal.aborted ? { bytes, aborted: true } : { bytes, aborted: true, error }
  }
  return { bytes, aborted: signal.aborted, trailers }
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
