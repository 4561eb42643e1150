import type { Duplex, Readable } from 'node:stream'
import { readsContent } from './declined-upgrade.ts'

/** The content of an upgrade, and the bytes that followed it. */
export interface UpgradeContent {
  readonly content: Uint8Array
  readonly rest: Uint8Array
}

/** What {@link readUpgradeContent} needs. */
export interface UpgradeContentOptions {
  /** Bytes that the request announced. */
  readonly length: number
  /** Bytes that were read after the header section. */
  readonly head: Uint8Array
  /** Milliseconds until all content must have arrived. */
  readonly requestMs: number
}

/** Reads the content of an upgrade. Closes the connection of a client that is too slow, or leaves. */
export function readUpgradeContent(
  request: Readable,
  socket: Duplex,
  { length, head, requestMs }: UpgradeContentOptions,
  done: (read: UpgradeContent) => void,
): void {
  const source = readsContent ? request : socket
  let pieces = readsContent ? [] : [head]
  const leave = (): unknown => socket.destroy()
  const timer = setTimeout(leave, requestMs)
  const read = (chunk?: Uint8Array): void => {
    if (chunk !== undefined) pieces.push(chunk)
    const bytes = Buffer.concat(pieces)
    pieces = [bytes]
    if (bytes.byteLength < length) return
    stop()
    source.off('data', read).off('end', leave)
    socket.off('close', stop)
    if (source === socket) pauseAsNew(socket)
    done({ content: bytes.subarray(0, length), rest: readsContent ? head : bytes.subarray(length) })
  }
  const stop = (): void => clearTimeout(timer)
  source.on('data', read).once('end', leave)
  socket.once('close', stop)
  read()
}

/** Stops reading and resets the flowing state, so that the next `data` listener starts the stream again. */
function pauseAsNew(socket: Duplex): void {
  socket.pause()
  Object.assign(socket, { readableFlowing: null })
}

/** Bytes that a client may send before its upgrade is answered; then reading pauses. */
const mostBytes = 64 * 1024

/**
 * Reads a connection that waits for its upgrade, since only a read shows that the client has left.
 *
 * @param head Bytes that followed the header section.
 * @returns A function that stops reading, and returns all bytes after the header section.
 */
export function readUpgradeHead(socket: Duplex, head: Uint8Array): () => Uint8Array {
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
