import type { ClientHttp2Stream } from 'node:http2'
import { addAbortSignal } from 'node:stream'

/**
 * Breaks a stream off with CANCEL. Not by its `close`: that ends the request first, and Node aborts the whole process
 * where a stream that waits for its trailers comes to an end and is destroyed before that end was sent.
 */
export function cancelStream(stream: ClientHttp2Stream): void {
  // Its end goes out in this turn.
  if (stream.writableEnded && !stream.destroyed) setImmediate(destroy, stream)
  else destroy(stream)
}

function destroy(stream: ClientHttp2Stream): void {
  // The one error of which Node makes CANCEL.
  if (!stream.destroyed) addAbortSignal(AbortSignal.abort(), stream)
}
