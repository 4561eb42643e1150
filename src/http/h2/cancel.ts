import type { Http2Stream } from 'node:http2'
import { addAbortSignal } from 'node:stream'

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
export function whenSent(stream: Http2Stream, destroy: () => void): void {
  const act = (): void => {
    if (!stream.destroyed) destroy()
  }
  if (stream.writableEnded) setImmediate(act)
  else act()
}
