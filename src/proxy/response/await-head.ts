import type { Readable } from 'node:stream'

/** What an upstream is waited for by. */
export interface AwaitedHead {
  /** Milliseconds; 0 is none. */
  readonly ms: number
  readonly body: Readable | null
  /** Where the content goes. */
  readonly outlet: { readonly writableNeedDrain?: boolean } | undefined
  readonly expire: () => void
}

/**
 * Bounds the time to the head of a reply. It runs while the upstream is told nothing new, and a client that takes its
 * time with the content is no fault of the upstream. Returns the way to stop it.
 */
export function awaitHead({ ms, body, outlet, expire }: AwaitedHead): () => void {
  if (ms === 0) return () => {}
  const timer = setTimeout(() => {
    const isClientLate = body !== null && !body.readableEnded && outlet?.writableNeedDrain !== true
    if (isClientLate) timer.refresh()
    else expire()
  }, ms)
  let isOver = false
  // A timer that was cleared would start again.
  const startAgain = (): void => void (isOver || timer.refresh())
  body?.on('data', startAgain).once('end', startAgain)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}
