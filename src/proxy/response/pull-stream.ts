import type { Readable } from 'node:stream'
import type { Sink } from '../../http/message/reply.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/**
 * Passes the content of a stream on, chunk by chunk as the reader takes it. Only the time in which the upstream is
 * waited for counts against it: a client that reads slowly is not the upstream's idleness.
 *
 * @param idleMs Milliseconds without a byte of the upstream after which it is given up; 0 is none.
 */
export async function pullStream(stream: Readable, sink: Sink, idleMs: number): Promise<void> {
  let writing = false
  const give = (): void => {
    if (!writing) stream.destroy(new UpstreamError('body-timeout', `No content for ${idleMs} ms.`, { wrote: true }))
  }
  const timer = idleMs === 0 ? undefined : setTimeout(give, idleMs)
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
