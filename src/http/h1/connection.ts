import type { Server, Socket } from 'node:net'
import type { Limits } from '../../config/types.ts'
import type { Notes, Peer } from '../message/exchange.ts'
import { linger } from '../linger.ts'
import type { ConnectionUse } from '../open-connections.ts'

/** Requests that may wait for their turn on a connection before reading pauses. */
const pipelineLength = 16

/** What is known about one connection beyond what Node keeps. */
export class Connection implements ConnectionUse {
  readonly socket: Socket
  /** The last request that was read from it, and the response that belongs to it. */
  latest: LatestRequest | undefined
  /** A refusal is on its way and ends the connection: nothing more is read from it. */
  closing = false
  /** Whether a client that closes its sending side counts as gone: another server works for it. */
  followed = false
  /** The batch of its last request that had one. */
  batch: number = Number.NaN
  readonly #limits: ConnectionLimits
  readonly #openedAt: number = performance.now()
  #waiting = 0
  #peer: Peer | undefined
  readonly #whenClosed = new Set<() => void>()

  constructor(socket: Socket, limits: ConnectionLimits) {
    this.socket = socket
    this.#limits = limits
    socket.once('end', () => (this.followed ? socket.destroy() : this.#boundHalfClosed(limits.halfClosedMs)))
    socket.once('close', () => {
      for (const callback of this.#whenClosed) callback()
      this.#whenClosed.clear()
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

  /** The two ends; asked of the system once, and only when someone wants to know. */
  get peer(): Peer {
    const { socket } = this
    this.#peer ??= {
      address: socket.remoteAddress ?? '',
      port: socket.remotePort ?? 0,
      localAddress: socket.localAddress ?? '',
      localPort: socket.localPort ?? 0,
      encrypted: 'encrypted' in socket && socket.encrypted === true,
    }
    return this.#peer
  }

  /** A signal that aborts when the connection closes, and the way to stop listening. */
  watch(): { signal: AbortSignal; release: () => void } {
    const controller = new AbortController()
    return { signal: controller.signal, release: this.whenClosed(() => controller.abort()) }
  }

  /** Calls back when the connection closes, at once when it has. Returns the way to stop listening. */
  whenClosed(callback: () => void): () => void {
    if (this.socket.destroyed) callback()
    else this.#whenClosed.add(callback)
    return () => void this.#whenClosed.delete(callback)
  }

  /**
   * Calls back when an earlier reply is out, at once when it is. While many requests wait for their turn
   * no more are read: a packet of them must not cost what a crowd of clients would.
   */
  inTurn(before: ResponseState | undefined, act: () => void): void {
    const { socket } = this
    if (before === undefined || before.closed) return act()
    this.#waiting++
    if (this.#waiting === pipelineLength) socket.pause()
    before.once('close', () => {
      this.#waiting--
      if (this.#waiting === 0) socket.resume()
      // RFC 9112 section 9.6: nothing behind the reply that ends a connection is processed.
      if (!socket.destroyed && !socket.writableEnded) act()
    })
  }

  /**
   * A client that has closed its sending side may still wait for the reply, or may be gone: the two look
   * alike until something is written. So it is given up when nothing was for a while.
   */
  #boundHalfClosed(ms: number): void {
    const { socket } = this
    let written = socket.bytesWritten
    const timer = setInterval(() => {
      if (socket.bytesWritten === written) socket.destroy()
      written = socket.bytesWritten
    }, ms)
    socket.once('close', () => clearInterval(timer))
  }

  /** Nothing more is read from it: the next reply ends it. */
  linger(): void {
    this.closing = true
    this.lingerAfterReply()
  }

  /**
   * Makes the close behind the next reply a lingering one (RFC 9112 section 9.6): closing while bytes of the request
   * are unread resets the connection, and the client may lose the reply that says why.
   */
  lingerAfterReply(): void {
    this.socket.destroySoon = () => this.#closeSlowly()
  }

  /** Half-closes, then reads and drops what still comes: within the time of a header section, at a least rate. */
  #closeSlowly(): void {
    const { socket, latest } = this
    this.closing = true
    if (socket.destroyed) return
    socket.end()
    latest?.message.resume()
    socket.resume()
    const stop = linger(
      () => socket.bytesRead,
      this.#limits,
      () => socket.destroy(),
    )
    socket.once('end', () => socket.destroy()).once('close', stop)
  }
}

/** The limits that a connection keeps itself. */
export type ConnectionLimits = Pick<Limits, 'headerMs' | 'halfClosedMs' | 'lingerBytes'>

/** A request, and what answers it. */
export interface LatestRequest {
  /** `performance.now()` when its header section was complete. */
  readonly startedAt: number
  readonly notes: Notes
  readonly message: { readonly complete: boolean; resume(): unknown }
  readonly response: ResponseState
  /** Whether its content is passed on elsewhere, and more of it came since this was last asked. */
  progressed(): boolean
  /** Tells whoever reads the content that the rest of it cannot be read. */
  fail(error: Error): void
}

/** As much of a response as a connection has to know. */
export interface ResponseState {
  readonly headersSent: boolean
  readonly destroyed: boolean
  readonly closed: boolean
  once(event: 'close', listener: () => void): unknown
}

/** As much of a server of Node as has to do with idle connections. */
type IdleServer = Server & { keepAliveTimeout: number; keepAliveTimeoutBuffer?: number }

/** Milliseconds that Node keeps an idle connection open beyond what it tells the client. */
const marginMs = 1000

/**
 * Closes connections that idle for that long. A client is told a second less, so that it does not send its next
 * request while we close. Where Node has no setting for that margin, it would come on top of the shortest times too.
 */
export function limitIdle(server: IdleServer, idleMs: number): void {
  // A fraction is a time that no limit has, and still one that Node takes for a time.
  const toldMs = idleMs > marginMs ? idleMs - marginMs : 0.5
  server.keepAliveTimeout = toldMs
  if ('keepAliveTimeoutBuffer' in server) server.keepAliveTimeoutBuffer = idleMs - toldMs
  else if (idleMs <= marginMs) server.on('connection', (socket: Socket) => replaceTimeout(socket, toldMs, idleMs))
}

/** Node sets the timeout of a connection that turns idle itself, and says so to nobody. */
function replaceTimeout(socket: Socket, toldMs: number, idleMs: number): void {
  const { setTimeout } = socket
  socket.setTimeout = (ms, ...rest) => setTimeout.call(socket, ms === toldMs + marginMs ? idleMs : ms, ...rest)
}

/** Ready connections that the event loop learns of at once (libuv's epoll and kqueue batches hold 1024). */
const loopEvents = 1000

/** Numbers the requests that one turn of the event loop hands out. */
export interface ArrivalBatches {
  /** The number for a request that was just read, NaN when it stands alone. */
  next(connection: Connection): number
}

/**
 * The loop asks the system which connections have something to read, and then reads them one after
 * the other: when the first is handled, the others' requests were already here.
 *
 * That is not so for a second request on a connection, which may have arrived while the first was
 * handled, nor with so many connections that the loop asks again within one turn.
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
        // Immediates run when the turn's connections have all been read.
        setImmediate(end)
      }
      if (connection.batch === current || openConnections() > loopEvents) return Number.NaN
      connection.batch = current
      return current
    },
  }
}
