/**
 * Exchanges that do not end by themselves, such as event streams and WebSockets. They end when the server stops, because
 * a graceful shutdown would wait for them forever.
 */
export class LongLived {
  readonly #ends = new Set<() => void>()
  #isOver = false

  /** Whether the server is stopping. */
  get isStopping(): boolean {
    return this.#isOver
  }

  /** Calls back when the server stops, or immediately if it is stopping. Returns a function that unsubscribes. */
  whenStopping(callback: () => void): () => void {
    if (this.#isOver) callback()
    else this.#ends.add(callback)
    return () => void this.#ends.delete(callback)
  }

  /** Ends all of these exchanges. */
  end(): void {
    this.#isOver = true
    for (const callback of this.#ends) callback()
    this.#ends.clear()
  }
}
