import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HeaderList } from '../http/headers.ts'
import type { Source } from '../http/reply.ts'
import { pushBody } from './push-body.ts'

/** A body whose beginning was looked at. */
export interface Opened {
  /** What was there of it; undefined when nothing was yet. */
  readonly first: Buffer | undefined
  /** All of it, with its length and trailers. */
  readonly body: Source
}

/**
 * Looks at the beginning of a body that comes from elsewhere, without waiting for it: the header section of its reply
 * must not be held back for content.
 */
export async function openBody(body: Readable | Source): Promise<Opened> {
  let trailers: Promise<HeaderList | void> | undefined
  const stream = body instanceof Readable ? body : new PassThrough()
  // An error that comes before the body is read surfaces when it is read.
  stream.on('error', () => {})
  if (!(body instanceof Readable)) trailers = pushInto(stream as PassThrough, body)
  const looked = new AbortController()
  const there = once(stream, 'readable', { signal: looked.signal }).catch(() => {})
  await Promise.race([there, nextTurn().then(() => nextTurn())])
  looked.abort()
  const chunk: unknown = stream.read()
  if (chunk !== null) stream.unshift(chunk)
  return {
    first: chunk === null ? undefined : Buffer.from(chunk as Uint8Array),
    body: {
      length: body instanceof Readable ? undefined : body.length,
      async pull(sink, signal) {
        await pushBody(stream, sink, signal)
        return trailers
      },
      cancel: () => stream.destroy(),
    },
  }
}

function pushInto(stream: PassThrough, source: Source): Promise<HeaderList | void> {
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
  const trailers = source.pull(sink, signal)
  trailers.then(
    () => stream.end(),
    (error: Error) => stream.destroy(error),
  )
  return trailers
}
