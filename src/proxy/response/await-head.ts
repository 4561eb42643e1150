import type { Readable } from 'node:stream'

/** Options of {@link awaitHead}. */
export interface AwaitedHead {
  /** Milliseconds; 0 disables the timeout. */
  readonly ms: number
  readonly body: Readable | null
  /** The stream that the request content is written to. */
  readonly outlet: { readonly writableNeedDrain?: boolean } | undefined
  readonly expire: () => void
}

/**
 * Starts the timeout for the header section of a response. Each chunk of request content restarts it, and it does not
 * expire while the upstream waits for a slow client. Returns a function that stops it.
 */
export function awaitHead({ ms, body, outlet, expire }: AwaitedHead): () => void {
  if (ms === 0) return () => {}
  const timer = setTimeout(() => {
    const isClientLate = body !== null && !body.readableEnded && outlet?.writableNeedDrain !== true
    if (isClientLate) timer.refresh()
    else expire()
  }, ms)
  let isOver = false
  // refresh() would start a cleared timer again.
  const startAgain = (): void => void (isOver || timer.refresh())
  body?.on('data', startAgain).once('end', startAgain)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

/** A timer of so many milliseconds; undefined for 0, which disables a timeout. */
export function startTimeout(ms: number, expire: () => void): NodeJS.Timeout | undefined {
  return ms === 0 ? undefined : setTimeout(expire, ms)
}
