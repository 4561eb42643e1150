import type { Exchange } from '../http/exchange.ts'
import { isNavigation } from '../http/navigation.ts'
import type { Endless } from './endless.ts'
import { wantedUpgrade } from './upgrade-fields.ts'
import { UpstreamError } from './upstream-error.ts'

/** Milliseconds that a page navigation or an upgrade waits for a backend which refuses connections, unless configured. */
const navigationMs = 5000
/** The same for event streams: a browser that gets an error instead of one never asks again (HTML section 9.2.3). */
const eventStreamMs = 30_000
/** Milliseconds from a refusal to the next attempt: short at first, since most restarts are. */
const firstPauseMs = 100
const longestPauseMs = 250

/** How long a request waits for an upstream that refuses connections, in milliseconds. */
export function holdFor(x: Exchange, hold: number | undefined): number {
  return hold ?? usualHold(x)
}

function usualHold(x: Exchange): number {
  if (x.method !== 'GET') return 0
  const { headers } = x
  if (/\btext\/event-stream\b/i.test(headers.get('accept') ?? '')) return eventStreamMs
  // The page that waits asks again and again: rather a few questions that wait than many.
  const isPatient = isPageNavigation(x) || headers.get('x-serve8008') === 'waiting' || wantedUpgrade(x) !== undefined
  return isPatient ? navigationMs : 0
}

/** Whether a person goes to a page: the only one who would rather wait than be told at once. */
export function isPageNavigation({ method, headers }: Exchange): boolean {
  return method === 'GET' && isNavigation(headers)
}

/** How to wait. */
export interface HoldOptions {
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
 * Repeats an attempt while the upstream refuses connections, as a backend does that restarts. Nothing was sent to it
 * then, so every request may be repeated.
 *
 * @throws what the last attempt threw
 */
export async function holdWhileRefused<T>(attempt: () => Promise<T>, options: HoldOptions): Promise<T> {
  const { holdMs, signal, endless, waiting } = options
  let deadline: number | undefined
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.3, longestPauseMs)) {
    try {
      return await attempt()
    } catch (error) {
      if (!isRefusal(error) || signal.aborted || endless.isOver) throw error
      if (deadline === undefined) {
        deadline = performance.now() + holdMs
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

function isRefusal(error: unknown): boolean {
  return error instanceof UpstreamError && error.fault === 'refused' && !error.wrote
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
