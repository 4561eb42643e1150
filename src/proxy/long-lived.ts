/**
 * What would never end by itself, such as event streams and WebSockets: it is told when the server stops, since
 * waiting for it would be in vain.
 */
export class Endless {
  readonly #ends = new Set<() => void>()
  #isOver = false

  /** Whether the server stops. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Calls back when the server stops, at once when it does already. Returns the way to stop listening. */
  whenOver(callback: () => void): () => void {
    if (this.#isOver) callback()
    else this.#ends.add(callback)
    return () => void this.#ends.delete(callback)
  }

  /** Ends all of it. */
  end(): void {
    this.#isOver = true
    for (const callback of this.#ends) callback()
    this.#ends.clear()
  }
}
