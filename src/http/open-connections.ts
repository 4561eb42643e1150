import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** How a connection is used. */
export interface ConnectionUse {
  /** `performance.now()` since when no request is under way; undefined while one is. */
  idleSince(): number | undefined
  /** Closes it now. */
  close(): void
}

/**
 * The connections of a server, over all its addresses and protocols. WebSockets and event streams are requests under
 * way, so they are never idle.
 */
export class OpenConnections {
  readonly #most: number
  readonly #onFull: () => void
  readonly #open = new Map<Duplex, ConnectionUse>()
  /** Sockets of TLS, by which requests come, and those that were accepted. */
  readonly #accepted = new WeakMap<Duplex, Duplex>()

  /**
   * @param most Connections that may be open.
   * @param onFull Called when a client was turned away because every connection is busy.
   */
  constructor(most: number, onFull: () => void) {
    this.#most = most
    this.#onFull = onFull
  }

  /**
   * Counts a connection that was just accepted. At the limit the one that has idled longest makes room. When none idles,
   * the new one is closed without a reply, so its client knows that nothing was processed and may try again.
   */
  readonly admit = (socket: Socket): void => {
    // A request that Node had released is given back to it on the same connection.
    if (this.#open.has(socket)) return
    if (this.#open.size >= this.#most && !this.#closeIdlest()) {
      this.#onFull()
      return void socket.destroy()
    }
    const since = performance.now()
    this.#open.set(socket, { idleSince: () => since, close: () => socket.destroy() })
    socket.once('close', () => this.#open.delete(socket))
  }

  /** Notes that a connection goes on under TLS. */
  secured(accepted: Duplex, secured: Duplex): void {
    this.#accepted.set(secured, accepted)
  }

  /** From now on this tells whether a connection idles. Other programs' connections are not counted. */
  follow(socket: Duplex, use: ConnectionUse): void {
    const accepted = this.#accepted.get(socket) ?? socket
    if (this.#open.has(accepted)) this.#open.set(accepted, use)
  }

  #closeIdlest(): boolean {
    let idlest: Duplex | undefined
    let earliest = Infinity
    for (const [socket, use] of this.#open) {
      const since = use.idleSince() ?? Infinity
      if (since >= earliest) continue
      earliest = since
      idlest = socket
    }
    if (idlest === undefined) return false
    this.#open.get(idlest)?.close()
    // It emits `close` later, when others may have been accepted.
    this.#open.delete(idlest)
    return true
  }
}
