import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Milliseconds without a byte after which a tunnel closes, once one of its directions has ended. */
const halfClosedMs = 5000

/** A client and an upstream connection that forward bytes to each other. */
export interface Tunnel {
  /** Ends both connections after the bytes that are already buffered. */
  end(): void
}

/**
 * Joins two connections: forwards bytes in both directions with backpressure, forwards the end of each side, and closes
 * one when the other closes. `heads` are bytes that arrived with the handshakes; they are sent first.
 */
export function openTunnel(
  client: Duplex,
  upstream: Duplex,
  heads: { readonly fromClient: Uint8Array; readonly fromUpstream: Uint8Array },
): Tunnel {
  for (const socket of [client, upstream]) prepare(socket)
  forwardClose(client, upstream)
  forwardClose(upstream, client)
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

/** An embedding program may pass a stream that is not a socket. */
function prepare(stream: Duplex): void {
  const socket = stream as Duplex & { [Name in 'setTimeout' | 'setNoDelay' | 'setKeepAlive']?: Socket[Name] }
  socket.setTimeout?.(0)
  socket.setNoDelay?.(true)
  socket.setKeepAlive?.(true, 30_000)
}

/** Forwards the end, error and close of `socket` to `other`. */
function forwardClose(socket: Duplex, other: Duplex): void {
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
  // One listener only: Node warns of a leak at the eleventh, and TLS and HTTP add their own.
  socket.once('close', () => {
    clearInterval(watch)
    if (other.destroyed) return
    // Bytes before a regular end are delivered; a truncated stream must look truncated to the other side.
    if (broken) reset(other)
    else if (socket.readableEnded) finishThenDestroy(other)
    else other.destroy()
  })
}

/** Forwards a reset as a reset. Streams other than TCP sockets cannot, and are destroyed. */
function reset(stream: Duplex): void {
  // Node never finishes a FIN under way when a reset follows it, and then the process cannot exit.
  if (stream.writableEnded && !stream.writableFinished) return void stream.destroy()
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
  // The peer may never close its side. No listener clears the timer: destroying a closed socket has no effect.
  setTimeout(() => socket.destroy(), halfClosedMs).unref()
}

/** Closes a half-closed tunnel without traffic: its peer may wait for more bytes, or may be gone. */
function watchHalfClosed(socket: Duplex, other: Duplex): NodeJS.Timeout {
  const moved = (): number => transferredBytes(socket) + transferredBytes(other)
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

function transferredBytes(socket: Duplex & { bytesRead?: number; bytesWritten?: number }): number {
  return (socket.bytesRead ?? 0) + (socket.bytesWritten ?? 0)
}
