/** Milliseconds that the circuit stays open after a first failure. Each consecutive failure doubles it. */
const firstOpenMs = 1000
const maxOpenMs = 30_000

/** Decides whether an upstream gets requests, from the results of earlier requests and of active health checks. */
export class CircuitBreaker {
  readonly #now: () => number
  #failures = 0
  #failedAt = Number.NEGATIVE_INFINITY
  #openUntil = 0
  #failsChecks = false

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether the upstream gets requests. */
  get isUp(): boolean {
    return !this.#failsChecks && this.#now() >= this.#openUntil
  }

  /** Time of the last failure; -Infinity if there was none. */
  get failedAt(): number {
    return this.#failedAt
  }

  failed(): void {
    const now = this.#now()
    this.#failedAt = now
    // Concurrent requests fail together; they count as one failure.
    if (now < this.#openUntil) return
    this.#openUntil = now + Math.min(firstOpenMs * 2 ** this.#failures, maxOpenMs)
    this.#failures++
  }

  succeeded(): void {
    this.#failures = 0
    this.#openUntil = 0
  }

  /** Records the result of an active health check. */
  checked(isHealthy: boolean): void {
    this.#failsChecks = !isHealthy
    if (isHealthy) this.succeeded()
    else this.#failedAt = this.#now()
  }
}
