import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HeaderList } from '../../http/message/headers.ts'
import type { Source } from '../../http/message/reply.ts'
import { pulledStream, pumpBody } from '../../http/body/reply-body.ts'

/** A body whose beginning was looked at. */
export interface PeekedBody {
  /** What was there of it; undefined when nothing was yet. */
  readonly first: Buffer | undefined
  /** All of it, with its length and trailers. */
  readonly body: Source
}

/**
 * Looks at the beginning of a body that comes from elsewhere, without waiting for it: the header section of its reply
 * must not be held back for content.
 */
export async function peekBody(body: Readable | Source): Promise<PeekedBody> {
  const { stream, result: trailers } =
    body instanceof Readable ? { stream: body } : pulledStream<HeaderList | void>((...to) => body.pull(...to))
  // An error that comes before the body is read surfaces when it is read.
  stream.on('error', () => {})
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
        await pumpBody(stream, sink, signal)
        return trailers
      },
      cancel: () => stream.destroy(),
    },
  }
}
