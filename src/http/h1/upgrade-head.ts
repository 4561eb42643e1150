import type { Duplex } from 'node:stream'
import { pauseAsNew } from './upgrade-content.ts'

/** Bytes of a client that speaks before it was answered; from then on it is not listened to. */
const mostBytes = 64 * 1024

/**
 * Reads a connection that waits for its upgrade, since only who reads learns that the client has left.
 *
 * @param head What came behind the header section.
 * @returns The way to stop, which gives all that came behind it.
 */
export function readAhead(socket: Duplex, head: Uint8Array): () => Uint8Array {
  const pieces = [head]
  let bytes = head.byteLength
  const keep = (chunk: Uint8Array): void => {
    pieces.push(chunk)
    bytes += chunk.byteLength
    if (bytes > mostBytes) socket.pause()
  }
  socket.on('data', keep)
  return () => {
    socket.off('data', keep)
    pauseAsNew(socket)
    return pieces.length === 1 ? head : Buffer.concat(pieces)
  }
}
