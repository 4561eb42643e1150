import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HeaderList } from '../../http/message/headers.ts'
import type { Source } from '../../http/message/reply.ts'
import { pulledStream, pumpBody } from '../../http/body/reply-body.ts'

/** A body and its first chunk. */
export interface PeekedBody {
  /** The first chunk; undefined when none has arrived yet. */
  readonly first: Buffer | undefined
  /** The whole body, with its length and trailers. */
  readonly body: Source
}

/**
 * Reads the first chunk of a streamed body if it has arrived. It does not wait: the header section of the reply must not
 * be delayed by content that is still to come.
 */
export async function peekBody(body: Readable | Source): Promise<PeekedBody> {
  const { stream, result: trailers } =
    body instanceof Readable ? { stream: body } : pulledStream<HeaderList | void>((...to) => body.pull(...to))
  // Reading the body reports an error that came before.
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
