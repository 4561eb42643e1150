/** The time and timers. Tests bring a clock that they move. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `act` once after so many milliseconds. The timer keeps no process alive. Returns a function that cancels it. */
  after(ms: number, act: () => void): () => void
}

/** One day in milliseconds. */
export const day = 86_400_000

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
