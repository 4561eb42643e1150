import type { Limits } from '../config/options/limits.ts'

/** Checks per `writeMs`: more are more exact, fewer cost less. */
const checks = 8

/**
 * The replies of a server that wait for their clients. A reply is abandoned if its client takes nothing for `writeMs`.
 * Above a bound of replies or bytes, the backlog abandons the reply that made no progress for longest. Clients that read
 * make progress, so they keep theirs.
 */
export class Backlog {
  readonly #limits: BacklogLimits
  /** Replies with waiting bytes. The first one made no progress for longest. */
  readonly #behind = new Set<Waiting>()
  #bytes = 0
  #clock: NodeJS.Timeout | undefined

  constructor(limits: BacklogLimits) {
    this.#limits = limits
  }

  /** Bytes that were written and not taken. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Starts to track one reply.
   *
   * @param giveUp Ends the reply with its connection or stream.
   * @param queued A number that changes when the client takes a part of a chunk.
   */
  open(giveUp: () => void, queued: () => number = () => 0): Waiting {
    return new Waiting(this, giveUp, queued)
  }

  /** Records a change in the waiting bytes of a reply, which is progress. */
  recordChange(reply: Waiting, bytesMore: number): void {
    this.#bytes += bytesMore
    this.#behind.delete(reply)
    if (reply.bytes > 0) this.#behind.add(reply)
    this.#clock ??= setInterval(() => this.#look(), this.#limits.writeMs / checks).unref()
    if (bytesMore > 0) this.#bound()
  }

  #bound(): void {
    const { waitingBytes, waitingReplies } = this.#limits
    for (const reply of this.#behind) {
      const isMuch = this.#bytes > waitingBytes || this.#behind.size > waitingReplies
      // A single reply, however large, takes nothing from others.
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

/** The limits of a backlog. */
export type BacklogLimits = Pick<Limits, 'writeMs' | 'waitingBytes' | 'waitingReplies'>

/** One reply that may wait for its client. */
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

  /** Adds bytes that were written. */
  add(bytes: number): void {
    this.set(this.bytes + bytes)
  }

  /** Subtracts bytes that the client has taken. */
  taken(bytes: number): void {
    this.set(this.bytes - bytes)
  }

  /** Sets the bytes that wait; 0 when the client has taken all. */
  set(bytes: number): void {
    if (this.#isOver) return
    const more = bytes - this.bytes
    this.bytes = bytes
    this.since = performance.now()
    this.#seen = this.#queued()
    this.#backlog.recordChange(this, more)
  }

  /** Records progress within a chunk. Returns whether there was any. */
  touch(): boolean {
    if (this.#queued() === this.#seen) return false
    this.set(this.bytes)
    return true
  }

  /** Ends the tracking. */
  close(): void {
    this.set(0)
    this.#isOver = true
  }

  abandon(): void {
    this.close()
    this.#giveUp()
  }
}
