import { type Http2Stream, constants, type ServerHttp2Stream } from 'node:http2'
import { addAbortSignal } from 'node:stream'
import type { Limits } from '../../config/types.ts'
import { linger, type LingerLimits } from '../linger.ts'

const ours = new WeakSet<ServerHttp2Stream>()

/** Resets a stream for a reason of our own, which is not held against the client. */
export function resetStream(stream: ServerHttp2Stream, code: 'cancel' | 'internal'): void {
  ours.add(stream)
  if (code === 'cancel') cancelStream(stream)
  else whenSent(stream, () => stream.destroy(new Error('The reply broke off.')))
}

/**
 * Reads and drops what still comes of a request whose reply is out, and tells a client that sends too much of it or too
 * slowly that it is not needed (RFC 9113 section 8.1). Not at once: some clients lose the reply to a reset that comes
 * while they send.
 */
export function stopReading(stream: ServerHttp2Stream, limits: LingerLimits): void {
  if (stream.readableEnded || stream.destroyed) return
  let received = 0
  const stop = linger(
    () => received,
    limits,
    () => {
      ours.add(stream)
      stream.close(constants.NGHTTP2_NO_ERROR)
    },
  )
  stream.on('data', (chunk: Uint8Array) => (received += chunk.byteLength)).resume()
  stream.once('end', stop).once('close', stop)
}

/**
 * Reads and drops what comes of a request. Resolves with whether that was all of it, when it is over, takes longer than
 * `drainMs` or is more than `drainBytes`.
 */
export function whenContentEnds(
  stream: ServerHttp2Stream,
  { drainBytes, drainMs }: Pick<Limits, 'drainBytes' | 'drainMs'>,
): Promise<boolean> {
  return new Promise((resolve) => {
    let received = 0
    const count = (chunk: Uint8Array): void => {
      received += chunk.byteLength
      if (received > drainBytes) settle()
    }
    const settle = (): void => {
      clearTimeout(timer)
      stream.off('data', count).off('end', settle).off('close', settle)
      resolve(stream.readableEnded)
    }
    const timer = setTimeout(settle, drainMs)
    stream.on('data', count).once('end', settle).once('close', settle).resume()
  })
}

/** Whether a stream was broken off by its client, or for what its client did (RFC 9113 section 5.4.2). */
export function isBrokenByClient(stream: ServerHttp2Stream): boolean {
  if (ours.has(stream)) return false
  return stream.aborted || (stream.rstCode !== undefined && stream.rstCode !== constants.NGHTTP2_NO_ERROR)
}

/**
 * Breaks a stream off with CANCEL. Not by its `close`: that ends the stream first, so that it may look complete; and Node
 * aborts the whole process where a stream that waits for its trailers comes to an end and is destroyed before that end
 * was sent.
 */
export function cancelStream(stream: Http2Stream): void {
  // The one error of which Node makes CANCEL.
  whenSent(stream, () => addAbortSignal(AbortSignal.abort(), stream))
}

/** Destroys a stream that lives, behind an end of it that goes out in this turn. */
function whenSent(stream: Http2Stream, destroy: () => void): void {
  const act = (): void => {
    if (!stream.destroyed) destroy()
  }
  if (stream.writableEnded) setImmediate(act)
  else act()
}
