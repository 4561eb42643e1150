import type { Limits } from '../config/types.ts'

/** Looks at the clients that are behind, in the time that they get: more make the time exact, fewer cost less. */
const looks = 8

/**
 * The replies that wait for their clients, over the whole server. One whose client takes nothing for `writeMs` is given
 * up. Past a bound of replies or bytes the one that has waited longest is: clients that read are never behind for long.
 */
export class Backlog {
  readonly #limits: BacklogLimits
  /** The one that has waited longest first. */
  readonly #behind = new Set<Waiting>()
  #bytes = 0
  #clock: NodeJS.Timeout | undefined

  constructor(limits: BacklogLimits) {
    this.#limits = limits
  }

  /** Bytes that were handed over and not taken. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Opens the account of one reply.
   *
   * @param giveUp Ends the reply and its connection or stream.
   * @param queued A number that changes as the client takes bytes, where a whole piece tells too little.
   */
  open(giveUp: () => void, queued: () => number = () => 0): Waiting {
    return new Waiting(this, giveUp, queued)
  }

  /** Notes what a reply waits with now, which is progress. */
  moved(reply: Waiting, bytesMore: number): void {
    this.#bytes += bytesMore
    this.#behind.delete(reply)
    if (reply.bytes > 0) this.#behind.add(reply)
    this.#clock ??= setInterval(() => this.#look(), this.#limits.writeMs / looks).unref()
    if (bytesMore > 0) this.#bound()
  }

  #bound(): void {
    const { waitingBytes, waitingReplies } = this.#limits
    for (const reply of this.#behind) {
      const isMuch = this.#bytes > waitingBytes || this.#behind.size > waitingReplies
      // However large, one alone takes nothing from others.
      if (!isMuch || this.#behind.size === 1) return
      if (!reply.touch()) reply.abandon()
    }
  }

  #look(): void {
    const now = performance.now()
    for (const reply of [...this.#behind]) {
      if (!reply.touch() && now - reply.since >= this.#limits.writeMs) reply.abandon()
    }
    if (this.#behind.size > 0) return
    clearInterval(this.#clock)
    this.#clock = undefined
  }
}

/** The limits that a backlog keeps. */
export type BacklogLimits = Pick<Limits, 'writeMs' | 'waitingBytes' | 'waitingReplies'>

/** What one reply waits with. */
export class Waiting {
  /** Bytes that its client has not taken. */
  bytes = 0
  /** `performance.now()` of the last progress. */
  since = 0
  readonly #backlog: Backlog
  readonly #giveUp: () => void
  readonly #queued: () => number
  #seen = 0
  #isOver = false

  constructor(backlog: Backlog, giveUp: () => void, queued: () => number) {
    this.#backlog = backlog
    this.#giveUp = giveUp
    this.#queued = queued
  }

  /** Notes that more was handed over. */
  add(bytes: number): void {
    this.set(this.bytes + bytes)
  }

  /** Notes that some of it was taken. */
  taken(bytes: number): void {
    this.set(this.bytes - bytes)
  }

  /** Notes what waits now; 0 is that the client has it all. */
  set(bytes: number): void {
    if (this.#isOver) return
    const more = bytes - this.bytes
    this.bytes = bytes
    this.since = performance.now()
    this.#seen = this.#queued()
    this.#backlog.moved(this, more)
  }

  /** Notes progress within a piece, if there was any. */
  touch(): boolean {
    if (this.#queued() === this.#seen) return false
    this.set(this.bytes)
    return true
  }

  /** Nothing more is handed over, nor waited for. */
  close(): void {
    this.set(0)
    this.#isOver = true
  }

  abandon(): void {
    this.close()
    this.#giveUp()
  }
}
