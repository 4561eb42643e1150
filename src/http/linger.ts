import type { Limits } from '../config/types.ts'

/** The bounds of what a client may send behind its reply. */
export type LingerLimits = Pick<Limits, 'headerMs' | 'lingerBytes'>

/** A client that goes on sending behind its reply must send this many bytes in each span, or it is cut. */
const least = { ms: 1000, bytes: 1024 }
/** Milliseconds between two looks at what a client sends behind its reply. */
const lookMs = 100

/**
 * Watches what a client still sends behind its reply, which is read and dropped so that the client gets to its reply, and
 * calls `cut` once that takes longer than a header section may, is more than `lingerBytes`, or comes too slowly.
 *
 * @param received Tells how many bytes came so far.
 * @returns Ends the watch.
 */
export function linger(received: () => number, { headerMs, lingerBytes }: LingerLimits, cut: () => void): () => void {
  const look = (): { at: number; bytes: number } => ({ at: performance.now(), bytes: received() })
  const started = look()
  let span = started
  const timer = setInterval(() => {
    const now = look()
    const isOver = now.at - started.at >= headerMs || now.bytes - started.bytes > lingerBytes
    const isWhole = now.at - span.at >= least.ms
    if (isOver || (isWhole && now.bytes - span.bytes < least.bytes)) cut()
    else if (isWhole) span = now
  }, lookMs)
  return () => clearInterval(timer)
}
