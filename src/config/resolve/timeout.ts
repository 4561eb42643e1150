import { parseDuration } from '../options/cache-control.ts'
import { quote, type Problem } from '../diagnostic.ts'

/** Timers of Node hold 31 bits of milliseconds: a longer time would fire at once. */
const longestSeconds = Math.floor((2 ** 31 - 1) / 1000)

/** Milliseconds of a time in seconds or as a text such as `5m`; 0 is no bound. */
export function resolveTimeout(timeout: number | string, problems: Problem[]): number {
  const text = String(timeout).trim()
  const seconds = /^(?:off|none)$/i.test(text) ? 0 : (parseDuration(text) ?? (text === '' ? Number.NaN : Number(text)))
  if (seconds >= 0 && seconds <= longestSeconds) return Math.round(seconds * 1000)
  const fix = `use seconds from 0 (no bound) to ${longestSeconds}, or a time such as 30s, 5m or 1h`
  problems.push({ path: ['timeout'], fault: `${quote(timeout)} is not a time`, fix })
  return 0
}
