import type { Server, Socket } from 'node:net'
import type { Adapter } from '../../http/h1/server.ts'

/** Gives a connection to the listener as HTTP/1.1. */
type Take = (socket: Socket) => void

/** How the protocol of a connection is found. */
export interface SniffOptions {
  /** Whether these first bytes are enough to decide. */
  readonly isEnough: (bytes: Buffer) => boolean
  /** Hands over a connection by its first bytes; `take` gives it to the listener. */
  readonly route: (socket: Socket, bytes: Buffer, take: Take) => void
  /** Counts a connection, or closes it. */
  readonly admit: Take
  /** Milliseconds until the first bytes must have come. */
  readonly headerMs: number
}

/** Connections whose protocol is not known yet, or whose TLS handshake is under way. */
export class UndecidedConnections {
  readonly #sockets = new Map<Socket, NodeJS.Timeout>()

  /** Adds a connection, and closes it when it stays undecided for `ms` milliseconds. */
  add(socket: Socket, ms: number): void {
    const timer = setTimeout(() => socket.destroy(), ms)
    this.#sockets.set(socket, timer)
    socket.once('close', () => this.delete(socket))
  }

  delete(socket: Socket): void {
    clearTimeout(this.#sockets.get(socket))
    this.#sockets.delete(socket)
  }

  /** Closes them all: none has sent a request. */
  destroy(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }
}

/**
 * Lets a listener for HTTP/1.1 peek at the first bytes of each connection before it takes it. Limits, the count of
 * connections and closing stay with the listener.
 */
export function sniffProtocol(listener: Server, undecided: UndecidedConnections, options: SniffOptions): void {
  const { isEnough, route, headerMs, admit } = options
  // `admit` counts connections, so it runs once: when a connection is accepted.
  const ordinary = listener.listeners('connection').filter((each) => each !== admit)
  const take: Take = (socket) => ordinary.forEach((each) => void each.call(listener, socket))
  listener.removeAllListeners('connection')
  // A TLS connection comes back by this event when its upgrade was declined: Node had released it.
  listener.on('secureConnection', take)
  listener.on('connection', (socket: Socket) => {
    admit(socket)
    if (socket.destroyed) return
    undecided.add(socket, headerMs)
    peekBytes(socket, {
      isEnough,
      decide: (bytes) => {
        route(socket, bytes, (taken) => {
          undecided.delete(socket)
          take(taken)
        })
      },
    })
  })
}

/** Hands over a connection to HTTP/2, which is loaded with the first one. */
export function passToHttp2(adapter: Adapter, socket: Socket): void {
  const destroy = (): void => void socket.destroy()
  socket.on('error', destroy)
  adapter.createHttp2Listener().then((server) => {
    socket.off('error', destroy)
    server.emit('connection', socket)
  }, destroy)
}

/** How first bytes are read, and what for. */
export interface PeekOptions {
  /** Whether these first bytes are enough to decide. */
  readonly isEnough: (bytes: Buffer) => boolean
  /** Called with the bytes, which stay readable on the connection. */
  readonly decide: (bytes: Buffer) => void
}

/** Reads the first bytes of a connection, and puts them back. A connection that ends before there are enough is closed. */
function peekBytes(socket: Socket, { isEnough, decide }: PeekOptions): void {
  let bytes: Buffer = Buffer.alloc(0)

  function look(): void {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    if (!isEnough(bytes)) return
    stop()
    socket.unshift(bytes)
    decide(bytes)
  }

  function destroy(): void {
    socket.destroy()
  }

  function stop(): void {
    socket.off('readable', look).off('end', destroy).off('error', destroy)
  }

  socket.on('readable', look).on('end', destroy).on('error', destroy)
}
