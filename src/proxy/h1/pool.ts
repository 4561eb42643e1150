import type { Socket } from 'node:net'
import type { UpstreamLimits } from '../types.ts'
import { UpstreamError, upstreamError } from '../upstream/upstream-error.ts'
import { Http1Connection, type ConnectionUser } from './connection.ts'
import { Turns, type TurnUser } from './turns.ts'

/** An exchange that waits for a connection. */
export interface PoolUser extends ConnectionUser, TurnUser {
  /** Whether its connection must be one that was never used, since others may be stale. */
  readonly needsFresh: boolean
  /** Sends its request on a connection, where it may ask for an upgrade. */
  begin(connection: Http1Connection, isUpgrade?: boolean): void
}

/** Options of {@link Pool}. */
export interface PoolOptions {
  /** Opens a connection, whose bytes go to `read`. It returns whether the upstream may send more. */
  readonly open: (read: (bytes: Buffer) => boolean) => Promise<Socket>
  readonly limits: UpstreamLimits
}

/** The connections to one upstream. The one that was used last is used first, so that the others can end. */
export class Pool {
  readonly #options: PoolOptions
  readonly #turns: Turns<PoolUser>
  /** Open connections, each with the exchange that it carries. */
  readonly #open = new Map<Http1Connection, PoolUser | undefined>()
  readonly #idle: Http1Connection[] = []
  /** Exchanges for which a connection opens. The first one that may have it gets the next that is free. */
  readonly #expecting: PoolUser[] = []
  #opening = 0
  #isRetired = false
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
    const { limits } = options
    this.#turns = new Turns({ limits, holders: () => this.#holders(), granted: (user) => this.#connect(user) })
  }

  /** Gives the user a connection as soon as there is one. */
  assign(user: PoolUser): void {
    if (this.#isClosed) return user.failed(closingError())
    if (this.#turns.take(user)) this.#connect(user)
  }

  /** A user that waits no more. */
  withdraw(user: PoolUser): void {
    if (this.#turns.withdraw(user)) return
    const at = this.#expecting.indexOf(user)
    if (at === -1) return
    this.#expecting.splice(at, 1)
    this.#turns.release(user)
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
    this.#turns.fail(closingError())
    for (const user of this.#expecting.splice(0)) user.failed(closingError())
    for (const { socket } of this.#open.keys()) socket.destroy()
  }

  *#holders(): Iterable<PoolUser> {
    yield* this.#expecting
    for (const user of this.#open.values()) if (user !== undefined) yield user
  }

  get #isFull(): boolean {
    return this.#open.size + this.#opening >= this.#options.limits.upstreamConnections
  }

  #connect(user: PoolUser): void {
    let connection = user.needsFresh ? undefined : this.#idle.pop()
    // One that is being closed is in the list until its event.
    while (connection?.socket.destroyed === true) connection = this.#idle.pop()
    if (connection !== undefined) return this.#begin(user, connection)
    this.#expecting.push(user)
    if (user.needsFresh && this.#isFull) this.#idle.pop()?.socket.destroy()
    this.#fill()
  }

  #begin(user: PoolUser, connection: Http1Connection): void {
    this.#open.set(connection, user)
    user.begin(connection)
  }

  /** Opens connections for those that expect one. */
  #fill(): void {
    while (this.#opening < this.#expecting.length && !this.#isFull) void this.#openOne()
  }

  async #openOne(): Promise<void> {
    let connection: Http1Connection | undefined
    this.#opening++
    try {
      const socket = await this.#options.open((bytes) => connection?.read(bytes) ?? true)
      connection = new Http1Connection(socket, this.#events, this.#options.limits.replyHeaderBytes)
    } catch (error) {
      const user = this.#expecting.shift()
      if (user !== undefined) this.#turns.release(user)
      user?.failed(upstreamError(error, 'unreachable', false))
    }
    this.#opening--
    if (connection === undefined) return this.#fill()
    this.#give(connection)
  }

  #give(connection: Http1Connection): void {
    const isUsed = connection.uses > 0
    const at = this.#expecting.findIndex(({ needsFresh }) => !isUsed || !needsFresh)
    const [next] = at === -1 ? [] : this.#expecting.splice(at, 1)
    if (next !== undefined) return this.#begin(next, connection)
    this.#open.set(connection, undefined)
    if (this.#isRetired) return void connection.socket.destroy()
    connection.rest()
    this.#idle.push(connection)
  }

  readonly #events = {
    idle: (connection: Http1Connection): void => {
      const user = this.#open.get(connection)
      this.#give(connection)
      if (user !== undefined) this.#turns.release(user)
    },
    closed: (connection: Http1Connection): void => {
      const user = this.#open.get(connection)
      this.#open.delete(connection)
      const at = this.#idle.indexOf(connection)
      if (at !== -1) this.#idle.splice(at, 1)
      if (user !== undefined) this.#turns.release(user)
      this.#fill()
    },
  }
}

function closingError(): UpstreamError {
  return new UpstreamError('reset', 'The server closes.', { wrote: false })
}
