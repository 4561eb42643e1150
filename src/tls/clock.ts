import type { Clock } from './types.ts'

/** Milliseconds of a day. */
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
