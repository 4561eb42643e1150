import { readStored, writeStored } from './stored.ts'

const key = 'heard'
/** Pages of one tab that are remembered. */
const most = 50

/** Notes up to when a page that is left has heard of changes, in milliseconds on the server's clock. */
export function saveSyncTime(path: string, time: number | undefined): void {
  if (time === undefined) return
  const others = entries().filter(([known]) => known !== path)
  writeStored(key, [...others, [path, time]].slice(-most))
}

/**
 * The time that a page of this tab had heard when it was left, if it was come to in this way.
 *
 * - `back_forward`: the browser shows the page and all that belongs to it as it was, without asking the server, so how
 *   long ago it began to load says nothing.
 * - `reload`: it began to load after it had heard that, which is more exact than its age by the browser's clock.
 */
export function savedSyncTime(path: string, type: 'back_forward' | 'reload'): number | undefined {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return navigation?.type === type ? entries().find(([known]) => known === path)?.[1] : undefined
}

function entries(): [path: string, time: number][] {
  const stored = readStored(key)
  return Array.isArray(stored) ? (stored as [string, number][]) : []
}

/**
 * How old the page was when the server gave the answer that has just been read, in milliseconds, and rather more than
 * less. A busy page reads it late; what the browser measured tells when it came.
 */
export function ageAtAnswer(control: URL, askedAt: DOMHighResTimeStamp): number {
  const readAt = performance.now()
  const timings = performance.getEntriesByName(new URL('session', control).href) as PerformanceResourceTiming[]
  const timing = timings.find(({ startTime }) => startTime >= askedAt)
  return timing === undefined || timing.responseStart === 0 ? readAt : timing.responseStart
}
