import type { Exchange } from '../../http/message/exchange.ts'
import { isNavigation } from '../../http/semantics/navigation.ts'
import type { Endless } from '../long-lived.ts'
import { wantedUpgrade } from '../upgrade/fields.ts'
import { UpstreamError } from './upstream-error.ts'

/** Milliseconds that an upgrade waits for a backend which is not there, unless configured. */
const upgradeMs = 5000
/** The same for event streams: a browser that gets an error instead of one never asks again (HTML section 9.2.3). */
const eventStreamMs = 30_000
/** Milliseconds from a refusal to the next attempt: short at first, since most restarts are. */
const firstPauseMs = 100
const longestPauseMs = 250
/** A connection that ends within so many milliseconds ends at once: what listens stands in for what is not there yet. */
const atOnceMs = 1000

/**
 * How long a request waits for an upstream that is not there, in milliseconds. A page navigation never does: it is
 * answered with a page that waits in the browser, where the person sees what for.
 *
 * @param hold What the route says; undefined where it says nothing.
 */
export function holdFor(x: Exchange, hold: number | undefined): number {
  return isPageNavigation(x) ? 0 : (hold ?? usualHold(x))
}

function usualHold(x: Exchange): number {
  if (x.method !== 'GET') return 0
  const { headers } = x
  if (/\btext\/event-stream\b/i.test(headers.get('accept') ?? '')) return eventStreamMs
  // The page that waits asks again and again: rather few requests that wait than many.
  return headers.get('x-serve8008') === 'waiting' || wantedUpgrade(x) !== undefined ? upgradeMs : 0
}

/** Whether a person goes to a page, and so can be shown the one that waits. */
export function isPageNavigation({ method, headers }: Exchange): boolean {
  return method === 'GET' && isNavigation(headers)
}

/** How to wait. */
export interface HoldOptions {
  /** Whether a request that may have reached the upstream may be sent again. Default false. */
  readonly isRepeatable?: () => boolean
  /** Milliseconds from the first refusal after which the last attempt is made; 0 does not wait. */
  readonly holdMs: number
  /** Aborts when the client leaves: the waiting ends at once. */
  readonly signal: AbortSignal
  /** The waiting also ends when the server stops. */
  readonly endless: Endless
  /** Called when the waiting begins. */
  readonly waiting?: () => void
}

/**
 * Repeats an attempt while the upstream is not there, as a backend is that restarts: while it refuses connections, which
 * have sent nothing then, so that every request may be repeated; and while it accepts and closes them at once, as the
 * proxy of a container does that still starts.
 *
 * @throws what the last attempt threw
 */
export async function holdWhileAway<T>(attempt: () => Promise<T>, options: HoldOptions): Promise<T> {
  const { holdMs, signal, endless, waiting } = options
  let deadline: number | undefined
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.3, longestPauseMs)) {
    const begun = performance.now()
    try {
      return await attempt()
    } catch (error) {
      const now = performance.now()
      if (!isAway(error, now - begun, options) || signal.aborted || endless.isOver) throw error
      if (deadline === undefined) {
        deadline = now + holdMs
        if (holdMs > 0) waiting?.()
      }
      const left = deadline - performance.now()
      if (left <= 0) throw error
      // A timer may fire a moment early, which would be one attempt more.
      await pauseFor(Math.ceil(Math.min(pause, left)) + 1, options)
      if (signal.aborted || endless.isOver) throw error
    }
  }
}

function isAway(error: unknown, lastedMs: number, { isRepeatable }: HoldOptions): boolean {
  if (!(error instanceof UpstreamError)) return false
  if (error.fault === 'refused') return !error.wrote
  return error.fault === 'reset' && lastedMs < atOnceMs && isRepeatable?.() === true
}

function pauseFor(ms: number, { signal, endless }: HoldOptions): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    const forget = endless.whenOver(end)
    function end(): void {
      forget()
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
  })
}
