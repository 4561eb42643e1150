import { Readable, PassThrough } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import { FileSlice, sendFile } from './file.ts'
import type { Body, Sink, Sent } from '../message/reply.ts'
import { once } from 'node:events'
import type { Exchange } from '../message/exchange.ts'
import type { HeaderList } from '../message/headers.ts'

/** A body that is not in memory. */
export type StreamedBody = Exclude<Body, null | Uint8Array>

/** The result of sending content. After an abort the message must not look complete. */
export interface SentContent extends Sent {
  /** The trailer section. */
  readonly trailers?: HeaderList | undefined
}

/** Writes the content of a reply on its connection. */
export interface ReplyWriter {
  /** Resolves when the chunk's memory may be used again, or the client has left. */
  write(chunk: Uint8Array): Promise<void>
  /** Writes a chunk that the caller gives away. Returns a promise only for backpressure. */
  pass(chunk: Uint8Array, free?: () => void): Promise<void> | void
}

/** Whether a body can be streamed. Programs without types may return any value. */
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
  const { signal, observer } = x
  const length = bodyLength(body)
  let bytes = 0
  let trailers: HeaderList | undefined
  const count = (chunk: Uint8Array): boolean => {
    if (signal.aborted) return false
    bytes += chunk.byteLength
    // The client would read one byte more as the start of the next reply.
    if (length !== undefined && bytes > length) throw new RangeError('The body is longer than its length.')
    observer?.sent(chunk)
    return true
  }
  const write = (chunk: Uint8Array): Promise<void> => (count(chunk) ? writer.write(chunk) : Promise.resolve())
  const pass = (chunk: Uint8Array, free?: () => void): Promise<void> | void =>
    count(chunk) ? writer.pass(chunk, free) : undefined
  try {
    if (body instanceof FileSlice) await sendFile(body, write, signal)
    else trailers = (await pumpBody(body, { write, pass }, signal)) ?? undefined
    if (!signal.aborted && length !== undefined && bytes < length)
      throw new RangeError('The body is shorter than its length.')
    if (trailers !== undefined) observer?.trailing(trailers)
  } catch (error) {
    // A source may fail because the client has left: that is not reported.
    return signal.aborted ? { bytes, aborted: true } : { bytes, aborted: true, error }
  }
  return { bytes, aborted: signal.aborted, trailers }
}

/**
 * Pushes a body into a sink at the pace of the sink, and frees what the body holds.
 *
 * @returns The trailer section, if the body has one.
 */
export async function pumpBody(body: Exclude<Body, null>, sink: Sink, signal: AbortSignal): Promise<HeaderList | void> {
  if (body instanceof Uint8Array) return sink.write(body)
  if (body instanceof Readable) return pumpStream(body, sink, signal)
  if (!(body instanceof FileSlice)) return body.pull(sink, signal)
  try {
    await pumpFile(body, 0, body.length, sink, signal)
  } finally {
    body.dispose()
  }
}

async function pumpStream(stream: Readable, sink: Sink, signal: AbortSignal): Promise<void> {
  const stop = (): unknown => stream.destroy()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of stream) await sink.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
}

/** Bytes of a file that are read at once for a sink. */
const fileChunkBytes = 64 * 1024

/**
 * Pushes bytes of a slice into a sink, which may keep the chunks. Does not close the file; no read is under way when
 * this settles.
 *
 * @param start First byte, from the start of the slice.
 * @param length Number of bytes.
 * @throws ServeError `E8008_INTERNAL` when the file is shorter than that; the abort reason of the signal.
 */
export async function pumpFile(
  file: FileSlice,
  start: number,
  length: number,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  for (let done = 0; done < length;) {
    signal.throwIfAborted()
    const chunk = Buffer.allocUnsafeSlow(Math.min(fileChunkBytes, length - done))
    const count = await file.read(chunk, start + done, chunk.length)
    if (count === 0) throw new ServeError('E8008_INTERNAL', 'The file became shorter while it was being sent.')
    done += count
    await sink.write(chunk.subarray(0, count))
  }
}

/** The stream of {@link pulledStream}. */
export interface PulledStream<Result> {
  /** Destroying it aborts the signal of the pull, which frees what the body holds. */
  readonly stream: PassThrough
  /** What the pull resolves with; its rejection destroys the stream too. */
  readonly result: Promise<Result>
}

/** A stream of what a body pushes, at the pace of its reader. */
export function pulledStream<Result>(pull: (sink: Sink, signal: AbortSignal) => Promise<Result>): PulledStream<Result> {
  const stream = new PassThrough()
  const stop = new AbortController()
  const { signal } = stop
  stream.once('close', () => stop.abort())
  const sink = {
    async write(chunk: Uint8Array): Promise<void> {
      signal.throwIfAborted()
      // A copy: the body may use the chunk's memory again after this.
      if (!stream.write(Buffer.from(chunk))) await once(stream, 'drain', { signal })
    },
  }
  const result = pull(sink, signal)
  result.then(
    () => stream.end(),
    (error: Error) => stream.destroy(error),
  )
  return { stream, result }
}

/**
 * Frees what a body holds when it is not sent: a descriptor, a stream, a source. Never throws: the body may come from a
 * program's layer, and the cause is reported already.
 */
export function discard(body: Body): void {
  if (body instanceof FileSlice) return body.dispose()
  // Without a listener a late error, as of a file that cannot be opened, would end the process.
  if (body instanceof Readable) return void body.on('error', () => {}).destroy()
  if (body === null || body instanceof Uint8Array) return
  try {
    body.cancel()
  } catch {
    // The source is responsible for what it still holds.
  }
}
