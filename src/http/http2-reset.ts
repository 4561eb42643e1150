import { constants, type ServerHttp2Stream } from 'node:http2'
import { addAbortSignal } from 'node:stream'

const ours = new WeakSet<ServerHttp2Stream>()

/**
 * Resets a stream for a reason of our own, which is not held against the client. Not by its `close`: that ends the
 * stream first, so that it may look complete; and Node aborts the whole process where a stream that waits for its
 * trailers comes to an end and is destroyed before that end was sent.
 */
export function resetStream(stream: ServerHttp2Stream, code: 'cancel' | 'internal'): void {
  ours.add(stream)
  // Its end goes out in this turn.
  if (stream.writableEnded && !stream.destroyed) setImmediate(destroy, stream, code)
  else destroy(stream, code)
}

function destroy(stream: ServerHttp2Stream, code: 'cancel' | 'internal'): void {
  if (stream.destroyed) return
  // The one error of which Node makes CANCEL.
  if (code === 'cancel') addAbortSignal(AbortSignal.abort(), stream)
  else stream.destroy(new Error('The reply broke off.'))
}

/** Tells a client whose reply is out that the rest of its request is not needed (RFC 9113 section 8.1). */
export function stopReading(stream: ServerHttp2Stream): void {
  if (stream.readableEnded || stream.destroyed) return
  ours.add(stream)
  stream.close(constants.NGHTTP2_NO_ERROR)
}

/** Whether a stream was broken off by its client, or for what its client did (RFC 9113 section 5.4.2). */
export function isBrokenByClient(stream: ServerHttp2Stream): boolean {
  if (ours.has(stream)) return false
  return stream.aborted || (stream.rstCode !== undefined && stream.rstCode !== constants.NGHTTP2_NO_ERROR)
}
