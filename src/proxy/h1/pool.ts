import type { Socket } from 'node:net'
import { UpstreamError, upstreamError } from '../upstream/upstream-error.ts'
import { Http1Connection, type ConnectionUser } from './connection.ts'

/** An exchange that waits for a connection. */
export interface PoolUser extends ConnectionUser {
  /** Sends its request on a connection, where it may ask for an upgrade. */
  begin(connection: Http1Connection, isUpgrade?: boolean): void
}

/** Options of {@link Pool}. */
export interface PoolOptions {
  /** Opens a connection, whose bytes go to `read`. It returns whether the upstream may send more. */
  readonly open: (read: (bytes: Buffer) => boolean) => Promise<Socket>
  /** Connections that may be open at once. */
  readonly most: number
  /** Bytes that the header section of a response may have. */
  readonly headerBytes: number
}

/** The connections to one upstream. The one that was used last is used first, so that the others can end. */
export class Pool {
  readonly #options: PoolOptions
  readonly #open = new Set<Http1Connection>()
  readonly #idle: Http1Connection[] = []
  readonly #waiting: PoolUser[] = []
  #opening = 0
  #isRetired = false
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Gives the user a connection as soon as there is one. With `isFresh`, one that was not idle: it may be stale. */
  assign(user: PoolUser, isFresh: boolean): void {
    if (this.#isClosed) return user.failed(closingError())
    let connection = isFresh ? undefined : this.#idle.pop()
    // One that is being closed is in the list until its event.
    while (connection?.socket.destroyed === true) connection = this.#idle.pop()
    if (connection !== undefined) return user.begin(connection)
    this.#waiting.push(user)
    if (isFresh && this.#isFull) this.#idle.pop()?.socket.destroy()
    this.#fill()
  }

  /** A user that waits no more. */
  withdraw(user: PoolUser): void {
    const at = this.#waiting.indexOf(user)
    if (at !== -1) this.#waiting.splice(at, 1)
  }

  /** Closes idle connections now, and busy ones after their exchange. */
  retire(): void {
    this.#isRetired = true
    for (const { socket } of this.#idle.splice(0)) socket.destroy()
  }

  /** Closes every connection. */
  close(): void {
    this.retire()
    this.#isClosed = true
    for (const user of this.#waiting.splice(0)) user.failed(closingError())
    for (const { socket } of this.#open) socket.destroy()
  }

  get #isFull(): boolean {
    return this.#open.size + this.#opening >= this.#options.most
  }

  /** Opens connections for those that wait. */
  #fill(): void {
    while (this.#opening < this.#waiting.length && !this.#isFull) void this.#connect()
  }

  async #connect(): Promise<void> {
    let connection: Http1Connection | undefined
    this.#opening++
    try {
      const socket = await this.#options.open((bytes) => connection?.read(bytes) ?? true)
      connection = new Http1Connection(socket, this.#events, this.#options.headerBytes)
    } catch (error) {
      this.#waiting.shift()?.failed(upstreamError(error, 'unreachable', false))
    }
    this.#opening--
    if (connection === undefined) return this.#fill()
    this.#open.add(connection)
    this.#give(connection)
  }

  #give(connection: Http1Connection): void {
    const next = this.#waiting.shift()
    if (next !== undefined) return next.begin(connection)
    if (this.#isRetired) return void connection.socket.destroy()
    connection.rest()
    this.#idle.push(connection)
  }

  readonly #events = {
    idle: (connection: Http1Connection): void => this.#give(connection),
    closed: (connection: Http1Connection): void => {
      this.#open.delete(connection)
      const at = this.#idle.indexOf(connection)
      if (at !== -1) this.#idle.splice(at, 1)
      this.#fill()
    },
  }
}

function closingError(): UpstreamError {
  return new UpstreamError('reset', 'The server closes.', { wrote: false })
}
