import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { Sink } from '../message/reply.ts'

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
