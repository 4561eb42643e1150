import { Readable, PassThrough } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import { FileSlice, sendFile } from './file.ts'
import type { Body, Sink, Sent } from '../message/reply.ts'
import { once } from 'node:events'
import type { Exchange } from '../message/exchange.ts'
import type { HeaderList } from '../message/headers.ts'

/** A body that is not in memory. */
export type StreamedBody = Exclude<Body, null | Uint8Array>

/** What became of the content of a reply. Where it was aborted, its message must not look complete. */
export interface SentContent extends Sent {
  /** Fields that follow the content. */
  readonly trailers?: HeaderList | undefined
}

/** Puts the content of a reply on its connection. */
export interface ReplyWriter {
  /** Each promise resolves when the chunk's memory is free again, or when the client left. */
  write(chunk: Uint8Array): Promise<void>
  /** For chunks that are given away: a promise only while the connection takes no more. */
  pass(chunk: Uint8Array, free?: () => void): Promise<void> | void
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
    else trailers = (await pumpBody(body, { write, pass }, signal)) ?? undefined
    if (!signal.aborted && length !== undefined && bytes < length)
      throw new RangeError('The body is shorter than it said.')
  } catch (error) {
    // A source that gives up because the client has left did nothing wrong.
    return signal.aborted ? { bytes, aborted: true } : { bytes, aborted: true, error }
  }
  return { bytes, aborted: signal.aborted, trailers }
}

/**
 * Pushes any body into a sink, as fast as that takes it, and frees what the body holds, however it ends.
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
 * Pushes bytes of a slice into a sink, which may keep the chunks. The file stays its owner's, and has no read under way
 * when this settles.
 *
 * @param start First byte, within the slice.
 * @param length How many bytes.
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

/** A stream of what a body pushes, as fast as the stream is read. */
export function pulledStream<Result>(pull: (sink: Sink, signal: AbortSignal) => Promise<Result>): PulledStream<Result> {
  const stream = new PassThrough()
  const stop = new AbortController()
  const { signal } = stop
  stream.once('close', () => stop.abort())
  const sink = {
    async write(chunk: Uint8Array): Promise<void> {
      signal.throwIfAborted()
      // A copy: the chunk's memory belongs to its writer again after this.
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
 * Frees what a body holds when it is not sent: a descriptor, a stream, a pending source. Never throws:
 * the body may come from a program's layer, and what it is freed for is already being dealt with.
 */
export function discard(body: Body): void {
  if (body instanceof FileSlice) return body.dispose()
  // A stream may still report that it could not be opened; nobody is left to hear it.
  if (body instanceof Readable) return void body.on('error', () => {}).destroy()
  if (body === null || body instanceof Uint8Array) return
  try {
    body.cancel()
  } catch {
    // Whatever a source holds is its own affair now.
  }
}
