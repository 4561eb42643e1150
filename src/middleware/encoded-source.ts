import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { discard, pulledStream, pumpBody, type StreamedBody } from '../http/body/reply-body.ts'
import { FileSlice } from '../http/body/file.ts'
import type { ContentCoding } from '../http/semantics/negotiate.ts'
import type { Source } from '../http/message/reply.ts'
import { createEncoder, flushEncoder } from './encoder.ts'

/**
 * A body compressed on its way, chunk by chunk: memory stays constant, and a client that reads slowly
 * slows the reading down. Whatever ends it, the descriptor, the stream and the compressor are freed.
 *
 * @param size Length of the body in bytes where it is known.
 * @param release Called once, when nothing is held any more.
 */
export function encodedSource(
  body: StreamedBody,
  coding: ContentCoding,
  size: number | undefined,
  release: () => void,
): Source {
  return {
    async pull(sink, signal) {
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
        // A file is read as fast as it is taken. Other bodies pause, and what was written before the
        // pause must not wait in the compressor: flush when a turn of the loop brought nothing more.
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
