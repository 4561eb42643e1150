import type { ServerHttp2Stream } from 'node:http2'

const ours = new WeakSet<ServerHttp2Stream>()

/** Resets a stream for a reason of our own, which is not held against the client. */
export function resetStream(stream: ServerHttp2Stream, code: number): void {
  ours.add(stream)
  stream.close(code)
}

/** Whether a stream was broken off by its client, or for what its client did (RFC 9113 section 5.4.2). */
export function isBrokenByClient(stream: ServerHttp2Stream): boolean {
  if (ours.has(stream)) return false
  return stream.aborted || (stream.rstCode !== undefined && stream.rstCode !== 0)
}
