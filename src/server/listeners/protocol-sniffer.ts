import type { Server, Socket } from 'node:net'
import type { Adapter } from '../../http/h1/server.ts'
import { readFirstBytes } from './peek-bytes.ts'

/** Gives a connection to the listener as HTTP/1.1. */
type Take = (socket: Socket) => void

/** How connections are told apart. */
export interface SortOptions {
  /** Whether what came so far is enough to decide. */
  readonly isEnough: (bytes: Buffer) => boolean
  /** Hands a connection on, by what it begins with; `take` is the listener's own way. */
  readonly sort: (socket: Socket, bytes: Buffer, take: Take) => void
  /** Counts a connection, or closes it. */
  readonly admit: Take
  /** Milliseconds that a connection gets to say what it is. */
  readonly headerMs: number
}

/** Connections that have not said what they are, or not yet agreed on keys. */
export class Undecided {
  readonly #sockets = new Map<Socket, NodeJS.Timeout>()

  /** Closes a connection that stays undecided for so long. */
  add(socket: Socket, ms: number): void {
    const timer = setTimeout(() => socket.destroy(), ms)
    this.#sockets.set(socket, timer)
    socket.once('close', () => this.delete(socket))
  }

  delete(socket: Socket): void {
    clearTimeout(this.#sockets.get(socket))
    this.#sockets.delete(socket)
  }

  /** Closes them all: nothing was asked on any. */
  destroy(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }
}

/**
 * Lets a listener for HTTP/1.1 look at what each connection begins with before it takes it. The listener keeps
 * everything else: its limits, its count of connections, and the way it closes.
 */
export function sortConnections(listener: Server, undecided: Undecided, options: SortOptions): void {
  const { isEnough, sort, headerMs, admit } = options
  // A connection is counted once, when it is accepted.
  const ordinary = listener.listeners('connection').filter((each) => each !== admit)
  const take: Take = (socket) => ordinary.forEach((each) => void each.call(listener, socket))
  listener.removeAllListeners('connection')
  // Also a connection that Node had let go of, and that is given back because its upgrade is ignored.
  listener.on('secureConnection', take)
  listener.on('connection', (socket: Socket) => {
    admit(socket)
    if (socket.destroyed) return
    undecided.add(socket, headerMs)
    readFirstBytes(socket, {
      isEnough,
      decide: (bytes) => {
        sort(socket, bytes, (taken) => {
          undecided.delete(socket)
          take(taken)
        })
      },
    })
  })
}

/** Hands a connection to HTTP/2, which is loaded when the first one comes. */
export function giveToHttp2(adapter: Adapter, socket: Socket): void {
  const destroy = (): void => void socket.destroy()
  socket.on('error', destroy)
  adapter.createHttp2Listener().then((server) => {
    socket.off('error', destroy)
    server.emit('connection', socket)
  }, destroy)
}
