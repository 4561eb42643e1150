/** The bounds of an allowance. */
export interface AllowanceOptions {
  /** Most that can be taken at once. */
  readonly burst: number
  /** Milliseconds until one more is available. */
  readonly refillMs: number
  /** Returns the time in milliseconds. */
  readonly now: () => number
}

/** Makes a token bucket. The returned function takes one, or returns false when none is left. */
export function createAllowance({ burst, refillMs, now }: AllowanceOptions): () => boolean {
  let left = burst
  let at = now()
  return () => {
    const time = now()
    // A clock that was set back changes nothing.
    left = Math.min(burst, left + Math.max(0, time - at) / refillMs)
    at = time
    if (left < 1) return false
    left--
    return true
  }
}
