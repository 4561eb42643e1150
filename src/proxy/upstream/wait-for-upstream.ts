import type { Exchange } from '../../http/message/exchange.ts'
import { isNavigation } from '../../http/semantics/navigation.ts'
import type { LongLived } from '../long-lived.ts'
import { wantedUpgrade } from '../upgrade-fields.ts'
import { clientLeftFault, UpstreamError } from './upstream-error.ts'

/** Milliseconds that an upgrade waits for an upstream that is not running. The route's `hold` overrides it. */
const upgradeMs = 5000
/** The same for event streams: a browser does not reconnect after an error response (HTML section 9.2.3). */
const eventStreamMs = 30_000
/** Backoff in milliseconds between two attempts. It begins short because most restarts are short. */
const firstBackoffMs = 100
const maxBackoffMs = 250
/** A connection that ends within so many milliseconds was accepted by a placeholder, such as a container's proxy. */
const placeholderMs = 1000

/**
 * Milliseconds that a request waits for an upstream that is not running. A page navigation does not wait: its reply is
 * the waiting page, which shows the user the reason and retries in the browser.
 *
 * @param hold The route's `hold` in milliseconds, or undefined if it is not set.
 */
export function waitTimeFor(x: Exchange, hold: number | undefined): number {
  return isPageNavigation(x) ? 0 : (hold ?? defaultWaitTime(x))
}

function defaultWaitTime(x: Exchange): number {
  if (x.method !== 'GET') return 0
  const { headers } = x
  if (/\btext\/event-stream\b/i.test(headers.get('accept') ?? '')) return eventStreamMs
  // The waiting page polls: few requests that wait cost less than many that fail.
  return headers.get('x-serve8008') === 'waiting' || wantedUpgrade(x) !== undefined ? upgradeMs : 0
}

/** Whether a request is a navigation, whose reply can be the waiting page. */
export function isPageNavigation({ method, headers }: Exchange): boolean {
  return method === 'GET' && isNavigation(headers)
}

/** Options of {@link waitForUpstream}. */
export interface WaitOptions {
  /** Whether the request may be sent again after it reached the upstream. Default false. */
  readonly isRepeatable?: () => boolean
  /** Milliseconds from the first failure to the last attempt; 0 disables waiting. */
  readonly waitMs: number
  /** As {@link Exchange.whenGone}: a client that disconnects or closes its sending side ends the wait. */
  readonly whenGone: Exchange['whenGone']
  /** A stop of the server also ends the wait. */
  readonly longLived: LongLived
  /** Called once, before the first wait. */
  readonly onWait?: () => void
}

/**
 * Retries while the upstream is not running, for example because it restarts. A refused connection has sent nothing, so
 * every request may be retried. A connection that is accepted and closed immediately, as by the proxy of a container that
 * is still starting, allows retries of repeatable requests only.
 *
 * @throws The error of the last attempt, or UpstreamError `left` when the client disconnects.
 */
export async function waitForUpstream<T>(attempt: () => Promise<T>, options: WaitOptions): Promise<T> {
  const { waitMs, longLived, onWait } = options
  let deadline: number | undefined
  for (let backoff = firstBackoffMs; ; backoff = Math.min(backoff * 1.3, maxBackoffMs)) {
    const begun = performance.now()
    try {
      return await attempt()
    } catch (error) {
      const now = performance.now()
      if (!isNotRunning(error, now - begun, options) || longLived.isStopping) throw error
      if (deadline === undefined) {
        deadline = now + waitMs
        if (waitMs > 0) onWait?.()
      }
      const left = deadline - performance.now()
      if (left <= 0) throw error
      // A timer may fire up to 1 ms early, which would add an attempt.
      await delay(Math.ceil(Math.min(backoff, left)) + 1, options)
      if (longLived.isStopping) throw error
    }
  }
}

function isNotRunning(error: unknown, lastedMs: number, { isRepeatable }: WaitOptions): boolean {
  if (!(error instanceof UpstreamError)) return false
  if (error.fault === 'refused') return !error.wrote
  return error.fault === 'reset' && lastedMs < placeholderMs && isRepeatable?.() === true
}

function delay(ms: number, { whenGone, longLived }: WaitOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const releases: (() => void)[] = []
    const timer = setTimeout(end, ms)
    function end(): void {
      clearTimeout(timer)
      for (const release of releases) release()
      resolve()
    }
    releases.push(longLived.whenStopping(end))
    releases.push(
      whenGone(() => {
        reject(clientLeftFault(false))
        end()
      }),
    )
  })
}
