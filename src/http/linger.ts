import type { Limits } from '../config/options/limits.ts'

/** The limits of what a client may send after its reply. */
export type LingerLimits = Pick<Limits, 'headerMs' | 'lingerBytes'>

/** A client that sends after its reply must send this many bytes per span, or is cut off. */
const least = { ms: 1000, bytes: 1024 }
/** Milliseconds between two checks. */
const checkMs = 100

/**
 * Bounds what a client sends after its reply, which is read and dropped, so that the client reads the reply. Calls
 * `cut` when it takes longer than `headerMs`, is more than `lingerBytes`, or arrives too slowly.
 *
 * @param received Returns the bytes that arrived so far.
 * @returns A function that ends the checks.
 */
export function boundLinger(
  received: () => number,
  { headerMs, lingerBytes }: LingerLimits,
  cut: () => void,
): () => void {
  const look = (): { at: number; bytes: number } => ({ at: performance.now(), bytes: received() })
  const started = look()
  let span = started
  const timer = setInterval(() => {
    const now = look()
    const isOver = now.at - started.at >= headerMs || now.bytes - started.bytes > lingerBytes
    const isWhole = now.at - span.at >= least.ms
    if (isOver || (isWhole && now.bytes - span.bytes < least.bytes)) cut()
    else if (isWhole) span = now
  }, checkMs)
  return () => clearInterval(timer)
}
