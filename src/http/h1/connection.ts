import type { Server, Socket } from 'node:net'
import type { Limits } from '../../config/options/limits.ts'
import type { Notes, Peer } from '../message/exchange.ts'
import { boundLinger } from '../linger.ts'
import type { ConnectionUse } from '../open-connections.ts'

/** Requests that may wait for their turn on a connection before reading pauses. */
const pipelineLength = 16

/** State of one connection beside what Node keeps. */
export class Connection implements ConnectionUse {
  readonly socket: Socket
  /** The last request that was read from it, with its response. */
  latest: LatestRequest | undefined
  /** Whether the connection ends with the next reply: no further request is read from it. */
  isClosing = false
  /** Whether a client that closes its sending side counts as gone, so that its upstream request ends. */
  isGoneAtEnd = false
  /** The last batch that a request of it was in. */
  batch: number = Number.NaN
  readonly #limits: ConnectionLimits
  readonly #listener: string | undefined
  readonly #openedAt: number = performance.now()
  #waiting = 0
  #peer: Peer | undefined
  /** Few, and new ones with each request: a Set would make new tables all the time. */
  readonly #whenClosed: (() => void)[] = []

  /** @param listener Name of the listener that accepted it; undefined for one of an embedding program. */
  constructor(socket: Socket, limits: ConnectionLimits, listener?: string) {
    this.socket = socket
    this.#listener = listener
    this.#limits = limits
    socket.once('end', () => (this.isGoneAtEnd ? socket.destroy() : this.#boundHalfClosed(limits.halfClosedMs)))
    socket.once('close', () => {
      for (let next = this.#whenClosed.shift(); next; next = this.#whenClosed.shift()) next()
    })
  }

  idleSince(): number | undefined {
    const { latest } = this
    if (latest === undefined) return this.#openedAt
    return latest.response.closed ? latest.startedAt : undefined
  }

  close(): void {
    this.socket.destroy()
  }

  /** Both ends, asked of the system once, on first use. */
  get peer(): Peer {
    const { socket } = this
    this.#peer ??= {
      address: socket.remoteAddress ?? '',
      port: socket.remotePort ?? 0,
      localAddress: socket.localAddress ?? '',
      localPort: socket.localPort ?? 0,
      encrypted: 'encrypted' in socket && socket.encrypted === true,
      listener: this.#listener,
    }
    return this.#peer
  }

  /** A signal that aborts when the connection closes; `release` removes its listener. */
  watch(): { signal: AbortSignal; release: () => void } {
    const controller = new AbortController()
    return { signal: controller.signal, release: this.whenClosed(() => controller.abort()) }
  }

  /** Calls back when the connection closes, at once if it has. Returns a function that removes the callback. */
  whenClosed(callback: () => void): () => void {
    if (this.socket.destroyed) callback()
    else this.#whenClosed.push(callback)
    return () => {
      const at = this.#whenClosed.indexOf(callback)
      if (at !== -1) this.#whenClosed.splice(at, 1)
    }
  }

  /**
   * Calls back when an earlier reply is sent, at once if it is. Reading pauses while many requests wait: one packet of
   * pipelined requests must not cost as much as many clients.
   */
  inTurn(before: ResponseState | undefined, act: () => void): void {
    const { socket } = this
    if (before === undefined || before.closed) return act()
    this.#waiting++
    if (this.#waiting === pipelineLength) socket.pause()
    before.once('close', () => {
      this.#waiting--
      if (this.#waiting === 0) socket.resume()
      // RFC 9112 section 9.6: no request after the reply that ends a connection is processed.
      if (!socket.destroyed && !socket.writableEnded) act()
    })
  }

  /**
   * A client that has closed its sending side may still wait for the reply, or may be gone: only a write shows which.
   * Without a write for that time the connection is closed.
   */
  #boundHalfClosed(ms: number): void {
    const { socket } = this
    let written = socket.bytesWritten
    const timer = setInterval(() => {
      if (socket.bytesWritten === written) socket.destroy()
      written = socket.bytesWritten
    }, ms)
    // The socket keeps the process alive; a program that mocks timers may clear this one on another clock.
    timer.unref()
    socket.once('close', () => clearInterval(timer))
  }

  /** Reads no further request: the next reply ends the connection. */
  closeAfterReply(): void {
    this.isClosing = true
    this.lingerIfClosed()
  }

  /**
   * Makes the close after a reply slow (RFC 9112 section 9.6): a close while bytes of the request are unread resets the
   * connection, and the client may lose the reply.
   */
  lingerIfClosed(): void {
    this.socket.destroySoon = () => this.#closeSlowly()
  }

  /** Half-closes, then reads and drops what the client still sends, within the bounds of {@link boundLinger}. */
  #closeSlowly(): void {
    const { socket, latest } = this
    this.isClosing = true
    if (socket.destroyed) return
    socket.end()
    latest?.message.resume()
    socket.resume()
    const stop = boundLinger(
      () => socket.bytesRead,
      this.#limits,
      () => socket.destroy(),
    )
    socket.once('end', () => socket.destroy()).once('close', stop)
  }
}

/** The limits that a connection enforces. */
export type ConnectionLimits = Pick<Limits, 'headerMs' | 'halfClosedMs' | 'lingerBytes'>

/** A request with its response. */
export interface LatestRequest {
  /** `performance.now()` when its header section was complete. */
  readonly startedAt: number
  readonly notes: Notes
  readonly message: { readonly complete: boolean; resume(): unknown }
  readonly response: ResponseState
  /** Whether its content is forwarded, and more of it arrived since the last call. */
  progressed(): boolean
  /** Ends the stream of its content with an error. */
  fail(error: Error): void
}

/** The part of a response that a connection needs. */
export interface ResponseState {
  readonly headersSent: boolean
  readonly destroyed: boolean
  readonly closed: boolean
  once(event: 'close', listener: () => void): unknown
}

/** The part of a Node server that closes idle connections. */
type IdleServer = Server & { keepAliveTimeout: number; keepAliveTimeoutBuffer?: number }

/** Milliseconds that Node keeps an idle connection open beyond the time in `Keep-Alive`. */
const marginMs = 1000

/**
 * Closes connections that idle for that long. `Keep-Alive` states a second less, so that no client sends a request
 * while the connection closes. A Node without a setting for that margin would add it to times below a second too.
 */
export function limitIdle(server: IdleServer, idleMs: number): void {
  // No limit has a fraction, so this value marks the timeout that replaceTimeout() has to change.
  const toldMs = idleMs > marginMs ? idleMs - marginMs : 0.5
  server.keepAliveTimeout = toldMs
  if ('keepAliveTimeoutBuffer' in server) server.keepAliveTimeoutBuffer = idleMs - toldMs
  else if (idleMs <= marginMs) server.on('connection', (socket: Socket) => replaceTimeout(socket, toldMs, idleMs))
}

/** Node sets the timeout of a connection that becomes idle, without an event. */
function replaceTimeout(socket: Socket, toldMs: number, idleMs: number): void {
  const { setTimeout } = socket
  socket.setTimeout = (ms, ...rest) => setTimeout.call(socket, ms === toldMs + marginMs ? idleMs : ms, ...rest)
}

/** Ready connections that one poll of the event loop reports (libuv's epoll and kqueue batches hold 1024). */
const loopEvents = 1000

/** Numbers the requests that one turn of the event loop reads. */
export interface ArrivalBatches {
  /** The batch of a request that was just read, NaN when it shares none. */
  next(connection: Connection): number
}

/**
 * The event loop polls for readable connections, then reads one after the other: when the first request is handled,
 * the others have arrived.
 *
 * A second request on a connection may have arrived while the first was handled, and with more connections than one
 * poll reports the loop polls again within the turn: such requests share no batch.
 */
export function createArrivalBatches(openConnections: () => number): ArrivalBatches {
  let current = 0
  let running = false
  const end = (): void => void (running = false)
  return {
    next(connection) {
      if (!running) {
        running = true
        current++
        // Immediates run after all connections of the turn were read.
        setImmediate(end)
      }
      if (connection.batch === current || openConnections() > loopEvents) return Number.NaN
      connection.batch = current
      return current
    },
  }
}
