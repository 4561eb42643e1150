import { type ClientHttp2Stream, constants } from 'node:http2'
import { getField, type HeaderList } from '../../http/message/headers.ts'
import type { Source } from '../../http/message/reply.ts'
import { cancelStream } from '../../http/h2/reset.ts'
import { plainFields } from './fields.ts'
import { pullStream } from '../response/pull-stream.ts'
import { upstreamError } from '../upstream/upstream-error.ts'

/**
 * The content of a stream, with its trailers. Fails if the upstream reset the stream, which Node reports as a regular end
 * for some codes.
 *
 * @param idleMs Milliseconds without a byte after which the content fails; 0 disables the timeout.
 */
export function http2Body(stream: ClientHttp2Stream, headers: HeaderList, idleMs: number): Source {
  const length = getField(headers, 'content-length')
  let trailers: string[] = []
  const given = (): HeaderList | undefined => (trailers.length > 0 ? trailers : undefined)
  stream.once('trailers', (fields, _flags, raw?: string[]) => {
    trailers = plainFields(raw ?? flat(fields))
  })
  return {
    length: length === undefined ? undefined : Number(length),
    cancel: () => cancelStream(stream),
    async pull(sink, signal): Promise<HeaderList | void> {
      const stop = (): void => cancelStream(stream)
      signal.addEventListener('abort', stop)
      if (signal.aborted) stop()
      try {
        await pullStream(stream, sink, idleMs)
        // The response is complete, so the rest of the request need not be sent.
        if (stream.writableEnded) await closed(stream)
        else if (!stream.closed) return (stop(), given())
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error('The response ended too early.')
      } catch (error) {
        stop()
        throw upstreamError(error, 'reset', true)
      } finally {
        signal.removeEventListener('abort', stop)
      }
      return given()
    },
  }
}

/** The error code of a stream is known when it closes, which is one tick after its end. */
async function closed(stream: ClientHttp2Stream): Promise<void> {
  if (stream.destroyed) return
  await new Promise<void>((resolve) => stream.once('close', resolve))
}

/** Older versions of Node give no raw list of trailers. */
function flat(fields: Readonly<Record<string, string | string[] | undefined>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => [value ?? []].flat().flatMap((each) => [name, each]))
}
