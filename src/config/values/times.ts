import { cacheControlFault, longestAge, parseDuration } from './cache-control.ts'
import { quote, type Problem } from '../diagnostic.ts'

const uncached = 'no-cache'
const cachedByDefault = 'max-age=3600'

/** The `Cache-Control` value of files, from a switch, seconds, a time such as `10m`, or directives. */
export function resolveCache(cache: boolean | number | string, problems: Problem[]): string {
  const read = typeof cache === 'string' ? readText(cache.trim()) : cache
  if (typeof read === 'boolean') return read ? cachedByDefault : uncached
  if (typeof read === 'string') return read
  if (typeof read === 'number') {
    if (Number.isInteger(read) && read >= 0 && read <= longestAge) return `max-age=${read}`
    const bounds = `use a whole number of seconds from 0 to ${longestAge}`
    const hint = read < 0 ? 'use off: browsers then revalidate on every use (no-cache)' : bounds
    problems.push({ path: ['cache'], message: `${quote(cache)} is not a number of seconds`, hint })
  } else {
    problems.push({ path: ['cache'], ...read })
  }
  return uncached
}

function readText(text: string): boolean | number | string | Pick<Problem, 'message' | 'hint'> {
  const lower = text.toLowerCase()
  if (lower === 'off' || lower === 'on') return lower === 'on'
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  const seconds = parseDuration(text)
  if (seconds !== undefined) return seconds
  const wrong = cacheControlFault(text)
  if (wrong === undefined) return text
  if (wrong.meant !== undefined) return { message: wrong.message, hint: `did you mean ${quote(wrong.meant)}?` }
  return {
    message: wrong.message,
    hint: 'use seconds, a time such as 10m, off, or directives such as "public, max-age=60"',
  }
}

/** Node's timers hold 31 bits of milliseconds: a longer one would fire at once. */
const longestSeconds = Math.floor((2 ** 31 - 1) / 1000)

/**
 * Converts seconds, or a time such as `500ms` or `5m`, to milliseconds; 0 is no timeout.
 *
 * @param path Of the option.
 */
export function resolveTimeout(
  timeout: number | string,
  problems: Problem[],
  path: readonly string[] = ['timeout'],
): number {
  const seconds = secondsOf(String(timeout).trim())
  if (seconds >= 0 && seconds <= longestSeconds) return Math.round(seconds * 1000)
  const hint = `use seconds from 0 (no bound) to ${longestSeconds}, or a time such as 500ms, 30s or 5m`
  problems.push({ path, message: `${quote(timeout)} is not a time`, hint })
  return 0
}

function secondsOf(text: string): number {
  if (/^(?:off|none)$/i.test(text)) return 0
  const [, milliseconds] = /^(\d+)ms$/i.exec(text) ?? []
  if (milliseconds !== undefined) return Number(milliseconds) / 1000
  return parseDuration(text) ?? (text === '' ? Number.NaN : Number(text))
}
