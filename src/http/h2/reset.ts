import { type Http2Stream, constants, type ServerHttp2Stream } from 'node:http2'
import { addAbortSignal } from 'node:stream'
import type { Limits } from '../../config/options/limits.ts'
import { boundLinger, type LingerLimits } from '../linger.ts'

const ours = new WeakSet<ServerHttp2Stream>()

/** Resets a stream for a reason of the server: the flood limits do not count it. */
export function resetStream(stream: ServerHttp2Stream, code: 'cancel' | 'internal'): void {
  ours.add(stream)
  if (code === 'cancel') cancelStream(stream)
  else whenSent(stream, () => stream.destroy(new Error('The reply broke off.')))
}

/**
 * Reads and drops content that arrives after the reply. A client that sends too much of it, or too slowly, gets a reset
 * with NO_ERROR (RFC 9113 section 8.1). Not at once: some clients lose the reply if the reset arrives while they send.
 */
export function stopReading(stream: ServerHttp2Stream, limits: LingerLimits): void {
  if (stream.readableEnded || stream.destroyed) return
  let received = 0
  const stop = boundLinger(
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
 * Reads and drops content until it ends, takes longer than `drainMs` or exceeds `drainBytes`. Resolves with whether it
 * ended.
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

/** Whether the client reset a stream, or caused its reset by an error (RFC 9113 section 5.4.2). */
export function isBrokenByClient(stream: ServerHttp2Stream): boolean {
  if (ours.has(stream)) return false
  return stream.aborted || (stream.rstCode !== undefined && stream.rstCode !== constants.NGHTTP2_NO_ERROR)
}

/**
 * Resets a stream with CANCEL. Not with `close()`, which ends the stream first: it may look complete, and Node aborts
 * the process where a stream that waits for its trailers is destroyed between its end and the frame for that.
 */
export function cancelStream(stream: Http2Stream): void {
  // Node sends CANCEL for an AbortError only.
  whenSent(stream, () => addAbortSignal(AbortSignal.abort(), stream))
}

/** Destroys a stream, after an end that is sent in this turn. */
function whenSent(stream: Http2Stream, destroy: () => void): void {
  const act = (): void => {
    if (!stream.destroyed) destroy()
  }
  if (stream.writableEnded) setImmediate(act)
  else act()
}
