import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** How a connection is used. */
export interface ConnectionUse {
  /** `performance.now()` since no request is under way; undefined while one is. */
  idleSince(): number | undefined
  /** Closes it now. */
  close(): void
}

/**
 * The connections of a server, of all its addresses and protocols. WebSockets and event streams are requests under way,
 * and never idle.
 */
export class OpenConnections {
  readonly #most: number
  readonly #onFull: () => void
  readonly #open = new Map<Duplex, ConnectionUse>()
  /** The accepted socket below each TLS socket. */
  readonly #accepted = new WeakMap<Duplex, Duplex>()

  /**
   * @param most Connections that may be open.
   * @param onFull Called when a connection was refused because all others are busy.
   */
  constructor(most: number, onFull: () => void) {
    this.#most = most
    this.#onFull = onFull
  }

  /**
   * Counts an accepted connection. At the limit, the one that has idled longest is closed. When none idles, the new one
   * is closed without a reply: its client knows that no request was processed, and may retry.
   */
  readonly admit = (socket: Socket): void => {
    // A declined upgrade comes back on the same connection.
    if (this.#open.has(socket)) return
    if (this.#open.size >= this.#most && !this.#closeIdlest()) {
      this.#onFull()
      return void socket.destroy()
    }
    const since = performance.now()
    this.#open.set(socket, { idleSince: () => since, close: () => socket.destroy() })
    socket.once('close', () => this.#open.delete(socket))
  }

  /** Records that a connection continues with TLS. */
  secured(accepted: Duplex, secured: Duplex): void {
    this.#accepted.set(secured, accepted)
  }

  /** The accepted socket below a TLS socket; any other is its own. */
  below(socket: Duplex): Duplex {
    return this.#accepted.get(socket) ?? socket
  }

  /** Sets how a connection is used. Connections of embedding programs are not counted. */
  follow(socket: Duplex, use: ConnectionUse): void {
    const accepted = this.below(socket)
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
    // It emits `close` later, after others may have been accepted.
    this.#open.delete(idlest)
    return true
  }
}
