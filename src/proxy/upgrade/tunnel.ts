import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Milliseconds without a byte that a pair of connections gets once one of the four directions has ended. */
const halfClosedMs = 5000

/** Two connections that are one. */
export interface Joined {
  /** Ends both sides; what they were still to be told goes out first. */
  end(): void
}

/**
 * Makes two connections one: bytes flow both ways with backpressure, an end on one side becomes an end on the
 * other, and neither outlives the other. `heads` came in behind the handshakes and go first.
 */
export function joinSockets(
  client: Duplex,
  upstream: Duplex,
  heads: { readonly fromClient: Uint8Array; readonly fromUpstream: Uint8Array },
): Joined {
  for (const socket of [client, upstream]) prepare(socket)
  bindLives(client, upstream)
  bindLives(upstream, client)
  if (client.destroyed || upstream.destroyed) return { end: () => {} }
  if (heads.fromClient.length > 0) upstream.write(heads.fromClient)
  if (heads.fromUpstream.length > 0) client.write(heads.fromUpstream)
  upstream.pipe(client)
  client.pipe(upstream)
  return {
    end() {
      upstream.unpipe(client)
      client.unpipe(upstream)
      for (const socket of [client, upstream]) finishThenDestroy(socket.resume())
    },
  }
}

/** A program that embeds us may hand over a stream that is no socket. */
function prepare(stream: Duplex): void {
  const socket = stream as Duplex & { [Name in 'setTimeout' | 'setNoDelay' | 'setKeepAlive']?: Socket[Name] }
  socket.setTimeout?.(0)
  socket.setNoDelay?.(true)
  socket.setKeepAlive?.(true, 30_000)
}

/** What becomes of `other` when `socket` ends, breaks or closes. */
function bindLives(socket: Duplex, other: Duplex): void {
  if (socket.destroyed) return void other.destroy()
  let broken = false
  let watch: NodeJS.Timeout | undefined
  socket.on('error', () => {
    broken = true
    socket.destroy()
  })
  socket.once('end', () => {
    watch = watchHalfClosed(socket, other)
  })
  // One listener for all that a close means: Node warns of a leak at the eleventh, and TLS and HTTP bring theirs.
  socket.once('close', () => {
    clearInterval(watch)
    if (other.destroyed) return
    // What a peer said before it left is still delivered, what it cut off in the middle must look cut off.
    if (broken) reset(other)
    else if (socket.readableEnded) finishThenDestroy(other)
    else other.destroy()
  })
}

/** Passes a reset on as one, where the connection can: only TCP knows it. */
function reset(stream: Duplex): void {
  try {
    ;(stream as Socket).resetAndDestroy()
  } catch {
    stream.destroy()
  }
}

function finishThenDestroy(socket: Duplex): void {
  socket.end()
  if (socket.writableFinished) return void socket.destroy()
  socket.once('finish', () => socket.destroy())
  // Nobody reads what it still has to say: that may never end. One that is closed before is not worth a listener.
  setTimeout(() => socket.destroy(), halfClosedMs).unref()
}

/** A peer that has ended its side may wait for the rest of the answer, or may be gone. */
function watchHalfClosed(socket: Duplex, other: Duplex): NodeJS.Timeout {
  const moved = (): number => bytesOf(socket) + bytesOf(other)
  let before = moved()
  return setInterval(() => {
    const now = moved()
    if (now === before) {
      socket.destroy()
      other.destroy()
    }
    before = now
  }, halfClosedMs)
}

function bytesOf(socket: Duplex & { bytesRead?: number; bytesWritten?: number }): number {
  return (socket.bytesRead ?? 0) + (socket.bytesWritten ?? 0)
}
