import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { discard, pulledStream, pumpBody, type StreamedBody } from '../http/body/reply-body.ts'
import { FileSlice } from '../http/body/file.ts'
import type { ContentCoding } from '../http/semantics/negotiate.ts'
import type { Source } from '../http/message/reply.ts'

/**
 * A body that is compressed while it is sent. Memory stays constant, since the body is read as fast as the client
 * reads. The descriptor, the stream and the compressor are released at the end, after an error and after an abort.
 *
 * @param size Length of the body in bytes, if known.
 * @param release Called when all resources are released.
 */
export function encodedSource(
  body: StreamedBody,
  coding: ContentCoding,
  size: number | undefined,
  release: () => void,
): Source {
  return {
    async pull(sink, signal) {
      const { createEncoder, flushEncoder } = await loadEncoder(release)
      const encoder = createEncoder(coding, size)
      const input = body instanceof Readable ? body : pulledStream((...to) => pumpBody(body, ...to)).stream
      let idle: NodeJS.Immediate | undefined
      try {
        const sent = pipeline(
          input,
          encoder,
          async (chunks: AsyncIterable<Uint8Array>) => {
            for await (const chunk of chunks) await sink.write(chunk)
          },
          { signal },
        )
        // A file never pauses. Other bodies do, and bytes from before a pause must not wait in the compressor: it is
        // flushed when a turn of the event loop brings no more.
        if (!(body instanceof FileSlice)) {
          input.on('data', () => {
            clearImmediate(idle)
            idle = setImmediate(flushEncoder, encoder, coding)
          })
        }
        await sent
      } finally {
        clearImmediate(idle)
        release()
      }
    },
    cancel() {
      discard(body)
      release()
    },
  }
}

/** Loads the compressors with the first reply that is compressed. */
async function loadEncoder(release: () => void): Promise<typeof import('./encoder.ts')> {
  try {
    return await import('./encoder.ts')
  } catch (error) {
    release()
    throw error
  }
}
