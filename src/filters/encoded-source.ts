import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { discard } from '../http/body.ts'
import { FileSlice } from '../http/file-slice.ts'
import type { ContentCoding } from '../http/negotiate.ts'
import type { Body, Source } from '../http/reply.ts'
import { createEncoder, flushEncoder } from './encoder.ts'
import { pushFile } from '../http/push-file.ts'

/** A body that has to be read to be sent. */
export type StreamedBody = Exclude<Body, null | Uint8Array>

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
      const input = body instanceof Readable ? body : readableOf(body)
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

/** A stream of a body that pushes; destroying it stops the body, which frees what it holds. */
function readableOf(body: FileSlice | Source): Readable {
  const stream = new PassThrough()
  const stop = new AbortController()
  const { signal } = stop
  stream.once('close', () => stop.abort())
  const sink = {
    async write(chunk: Uint8Array): Promise<void> {
      signal.throwIfAborted()
      if (!stream.write(chunk)) await once(stream, 'drain', { signal })
    },
  }
  push().then(
    () => stream.end(),
    (error: Error) => stream.destroy(error),
  )
  return stream

  async function push(): Promise<void> {
    if (!(body instanceof FileSlice)) {
      await body.pull(sink, signal)
      return
    }
    try {
      await pushFile(body, 0, body.length, sink, signal)
    } finally {
      body.dispose()
    }
  }
}
