/** How much may be taken at once and over time. */
export interface AllowanceOptions {
  /** How much there is at first, and at the most. */
  readonly burst: number
  /** Milliseconds until one that was taken is there again. */
  readonly refillMs: number
  /** The time in milliseconds. */
  readonly now: () => number
}

/** Bounds how often something is done. The function that it returns takes one, or tells that there is none. */
export function createAllowance({ burst, refillMs, now }: AllowanceOptions): () => boolean {
  let left = burst
  let at = now()
  return () => {
    const time = now()
    // A clock that was set back gives nothing and takes nothing.
    left = Math.min(burst, left + Math.max(0, time - at) / refillMs)
    at = time
    if (left < 1) return false
    left--
    return true
  }
}
