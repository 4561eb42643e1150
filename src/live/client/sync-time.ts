import { readStored, writeStored } from './stored.ts'

const key = 'heard'
/** Most pages of one tab whose times are kept. */
const most = 50

/** Saves the time up to which a page has every change when the user leaves it, in milliseconds on the server's clock. */
export function saveSyncTime(path: string, time: number | undefined): void {
  if (time === undefined) return
  const others = entries().filter(([known]) => known !== path)
  writeStored(key, [...others, [path, time]].slice(-most))
}

/**
 * The saved time of a page, if this navigation has the type; else undefined.
 *
 * - `back_forward`: the browser shows the page and its resources from the cache, so its age since the navigation is wrong.
 * - `reload`: the page began to load after that time, which is more exact than its age on the browser's clock.
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
 * Upper bound of the age of the page, in milliseconds, when the server sent the session. A busy page reads the session
 * late, so the browser's measurement of its arrival counts.
 */
export function ageAtAnswer(control: URL, askedAt: DOMHighResTimeStamp): number {
  const readAt = performance.now()
  const timings = performance.getEntriesByName(new URL('session', control).href) as PerformanceResourceTiming[]
  const timing = timings.find(({ startTime }) => startTime >= askedAt)
  return timing === undefined || timing.responseStart === 0 ? readAt : timing.responseStart
}
