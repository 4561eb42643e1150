import type { Limits } from '../../config/options/limits.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/** A request that takes a connection, or waits for one. */
export interface TurnUser {
  /** The client that asks. It is looked at only when connections are scarce. */
  readonly client: string
  /** The request does not get a connection. */
  failed(error: UpstreamError): void
}

/** Options of {@link Turns}. */
export interface TurnOptions<User> {
  readonly limits: Pick<Limits, 'upstreamConnections' | 'upstreamShare' | 'queuedRequests' | 'queueMs'>
  /** The requests that hold a connection or for which one opens. */
  readonly holders: () => Iterable<User>
  /** Gives a request that has waited its connection. */
  readonly granted: (user: User) => void
}

interface Waiter<User> {
  readonly user: User
  readonly timer: NodeJS.Timeout
}

/**
 * Shares the connections to one upstream among clients. No client gets more than `upstreamShare` percent of those that the
 * others leave, so that one whose requests hang does not stop the rest. Clients that wait are served in turns, one request
 * each.
 */
export class Turns<User extends TurnUser> {
  readonly #options: TurnOptions<User>
  /** Connections up to which no client can be above its share. */
  readonly #plenty: number
  #used = 0
  /** Connections that each client holds; counted only while they are scarce. */
  #held: Map<string, number> | undefined
  /** The client whose turn is next comes first. */
  readonly #waiting = new Map<string, Waiter<User>[]>()
  #waiters = 0

  constructor(options: TurnOptions<User>) {
    const { upstreamConnections, upstreamShare } = options.limits
    this.#options = options
    this.#plenty = (upstreamConnections * upstreamShare) / 100
  }

  /** Takes a connection. Returns false if the request has to wait, or has failed because too many do. */
  take(user: User): boolean {
    // A request of the same client that waits could not take one either, so this one does not overtake it.
    if (this.#mayTake(user)) {
      this.#count(user, 1)
      return true
    }
    this.#wait(user)
    return false
  }

  /** Gives a connection back. */
  release(user: User): void {
    this.#count(user, -1)
    if (this.#used < this.#plenty / 2) this.#held = undefined
    if (this.#waiters > 0) this.#serve()
  }

  /** A request that waits no more. Returns false if it does not wait. */
  withdraw(user: User): boolean {
    const at = this.#waiting.get(user.client)?.findIndex((waiter) => waiter.user === user) ?? -1
    if (at !== -1) this.#remove(user.client, at)
    return at !== -1
  }

  /** Fails every request that waits. */
  fail(error: UpstreamError): void {
    for (const client of [...this.#waiting.keys()]) {
      while (this.#waiting.has(client)) this.#remove(client, 0).failed(error)
    }
  }

  #mayTake(user: User): boolean {
    if (this.#used < this.#plenty) return true
    const { upstreamConnections, upstreamShare } = this.#options.limits
    if (this.#used >= upstreamConnections) return false
    this.#held ??= this.#countHolders()
    const held = this.#held.get(user.client) ?? 0
    return held * 100 < upstreamShare * (upstreamConnections - this.#used + held)
  }

  #countHolders(): Map<string, number> {
    const held = new Map<string, number>()
    for (const { client } of this.#options.holders()) held.set(client, (held.get(client) ?? 0) + 1)
    return held
  }

  #count(user: User, change: 1 | -1): void {
    this.#used += change
    if (this.#held === undefined) return
    const held = (this.#held.get(user.client) ?? 0) + change
    if (held > 0) this.#held.set(user.client, held)
    else this.#held.delete(user.client)
  }

  #wait(user: User): void {
    const { queuedRequests, queueMs } = this.#options.limits
    if (this.#waiters >= queuedRequests && !this.#dropFor(user.client)) return user.failed(fullError())
    const own = this.#waiting.get(user.client) ?? []
    this.#waiting.set(user.client, own)
    const expire = (): void => {
      this.withdraw(user)
      user.failed(new UpstreamError('queue-timeout', '', { wrote: false }))
    }
    // The client's connection keeps the process alive.
    own.push({ user, timer: setTimeout(expire, queueMs).unref() })
    this.#waiters++
  }

  /** Fails the newest request of the client with the most, if that has more than this client. */
  #dropFor(client: string): boolean {
    let longest: string | undefined
    let most = (this.#waiting.get(client)?.length ?? 0) + 1
    for (const [each, { length }] of this.#waiting) if (length > most) [longest, most] = [each, length]
    if (longest === undefined) return false
    this.#remove(longest, most - 1).failed(fullError())
    return true
  }

  /** Serves those that wait, while connections are free for them. */
  #serve(): void {
    for (const [client, [first]] of this.#waiting) {
      if (first === undefined || !this.#mayTake(first.user)) continue
      this.#remove(client, 0)
      // The next turn of this client comes after those of the others. The loop gets there again.
      const rest = this.#waiting.get(client)
      if (rest !== undefined && this.#waiting.delete(client)) this.#waiting.set(client, rest)
      this.#count(first.user, 1)
      this.#options.granted(first.user)
    }
  }

  #remove(client: string, at: number): User {
    const own = this.#waiting.get(client) ?? []
    const [waiter] = own.splice(at, 1) as [Waiter<User>]
    if (own.length === 0) this.#waiting.delete(client)
    clearTimeout(waiter.timer)
    this.#waiters--
    return waiter.user
  }
}

function fullError(): UpstreamError {
  return new UpstreamError('queue-full', '', { wrote: false })
}
