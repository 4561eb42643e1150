import { constants, type ServerHttp2Stream } from 'node:http2'
import { cancelStream, whenSent } from './http2-cancel.ts'

const ours = new WeakSet<ServerHttp2Stream>()

/** Resets a stream for a reason of our own, which is not held against the client. */
export function resetStream(stream: ServerHttp2Stream, code: 'cancel' | 'internal'): void {
  ours.add(stream)
  if (code === 'cancel') cancelStream(stream)
  else whenSent(stream, () => stream.destroy(new Error('The reply broke off.')))
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
