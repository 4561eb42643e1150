import type { Duplex, Readable } from 'node:stream'
import { readsContent } from './declined-upgrade.ts'

/** What an upgrade brought, and what the client has sent behind it. */
export interface UpgradeContent {
  readonly content: Uint8Array
  readonly rest: Uint8Array
}

/** What is known of the content that {@link readUpgradeContent} reads. */
export interface UpgradeContentOptions {
  /** Bytes that the request announced. */
  readonly length: number
  /** What was read behind the header section. */
  readonly head: Uint8Array
  /** Milliseconds until all of it must be there. */
  readonly requestMs: number
}

/** Reads the content of an upgrade, so that its answer can follow. A client that is too slow, or leaves, ends its connection. */
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

/** Stops reading, so that the next listener for data gets it as if it were the first. */
function pauseAsNew(socket: Duplex): void {
  socket.pause()
  Object.assign(socket, { readableFlowing: null })
}

/** Bytes of a client that speaks before it was answered; from then on it is not listened to. */
const mostBytes = 64 * 1024

/**
 * Reads a connection that waits for its upgrade, since only who reads learns that the client has left.
 *
 * @param head What came behind the header section.
 * @returns The way to stop, which gives all that came behind it.
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
