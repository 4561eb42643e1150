import { readStored, writeStored } from './stored.ts'

const key = 'heard'
/** Pages of one tab that are remembered. */
const most = 50

/** Notes up to when a page that is left has heard of changes, in milliseconds on the server's clock. */
export function rememberHeard(path: string, time: number | undefined): void {
  if (time === undefined) return
  const others = entries().filter(([known]) => known !== path)
  writeStored(key, [...others, [path, time]].slice(-most))
}

/**
 * The time of a page to which somebody goes back: the browser shows it and all that belongs to it as it was, without
 * asking the server, so how long ago it began to load says nothing. Undefined for a page that was asked for.
 */
export function recallHeard(path: string): number | undefined {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  if (navigation?.type !== 'back_forward') return undefined
  return entries().find(([known]) => known === path)?.[1]
}

function entries(): [path: string, time: number][] {
  const stored = readStored(key)
  return Array.isArray(stored) ? (stored as [string, number][]) : []
}
