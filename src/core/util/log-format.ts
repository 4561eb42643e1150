/** Two digits. */
export function pad2(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** Local time of day, `12:00:01`; dashes when the time is none. */
export function clockTime(time: number): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '--:--:--'
  return `${pad2(date.getHours())}:${pad2(date.getMinutes())}:${pad2(date.getSeconds())}`
}

/** Now, as logs for programs tell it: `2026-01-02T03:04:05.678Z`. */
export function isoNow(): string {
  return new Date().toISOString()
}

/** Where the width of the terminal is not known, requests are padded to this many columns, and longer ones are whole. */
const freeWidth = 32
/** The share of a terminal that requests have, and its bounds: 36 of 80 columns, 45 of 100, 54 of 120. */
const requestShare = 0.45
const requestBounds = [12, 72] as const

/**
 * Columns of the request in a line of the log, by the width of the terminal. The lines of live reload stand below it.
 *
 * @param columns undefined: the log goes to a file
 */
export function requestColumns(columns: number | undefined): number {
  if (columns === undefined) return freeWidth
  const [least, most] = requestBounds
  return Math.min(most, Math.max(least, Math.floor(columns * requestShare)))
}
