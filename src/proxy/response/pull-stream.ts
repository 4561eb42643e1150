import type { Readable } from 'node:stream'
import type { Sink } from '../../http/message/reply.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/**
 * Writes the content of a stream to a sink, with backpressure. The idle timeout runs only while the upstream is awaited,
 * not while a slow client reads.
 *
 * @param idleMs Milliseconds without a byte from the upstream after which the pull fails; 0 disables the timeout.
 */
export async function pullStream(stream: Readable, sink: Sink, idleMs: number): Promise<void> {
  let writing = false
  const expire = (): void => {
    if (!writing) stream.destroy(new UpstreamError('body-timeout', `No content for ${idleMs} ms.`, { wrote: true }))
  }
  const timer = idleMs === 0 ? undefined : setTimeout(expire, idleMs)
  try {
    for await (const chunk of stream) {
      writing = true
      await sink.write(chunk as Uint8Array)
      writing = false
      timer?.refresh()
    }
  } finally {
    clearTimeout(timer)
  }
}
