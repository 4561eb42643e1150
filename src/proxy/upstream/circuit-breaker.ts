/** Milliseconds that an upstream rests after its first failure; each further one in a row doubles it. */
const firstRestMs = 1000
const longestRestMs = 30_000

/** What is known of one upstream's health from the requests it was given, and from checks. */
export class PassiveHealth {
  readonly #now: () => number
  #failures = 0
  #failedAt = Number.NEGATIVE_INFINITY
  #restsUntil = 0
  #isSick = false

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether requests should go there. */
  get isUp(): boolean {
    return !this.#isSick && this.#now() >= this.#restsUntil
  }

  /** When it failed last; long ago if it never did. */
  get failedAt(): number {
    return this.#failedAt
  }

  failed(): void {
    const now = this.#now()
    this.#failedAt = now
    // Requests that were under way together fail together: that is one failure.
    if (now < this.#restsUntil) return
    this.#restsUntil = now + Math.min(firstRestMs * 2 ** this.#failures, longestRestMs)
    this.#failures++
  }

  succeeded(): void {
    this.#failures = 0
    this.#restsUntil = 0
  }

  /** What a check of its own found. */
  checked(isHealthy: boolean): void {
    this.#isSick = !isHealthy
    if (isHealthy) this.succeeded()
    else this.#failedAt = this.#now()
  }
}
