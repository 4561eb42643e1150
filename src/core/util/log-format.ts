/** Two digits. */
export function pad2(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** Local time of day, `12:00:01`; `--:--:--` for NaN. */
export function clockTime(time: number): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '--:--:--'
  return `${pad2(date.getHours())}:${pad2(date.getMinutes())}:${pad2(date.getSeconds())}`
}

/** The current time for logs that programs read: `2026-01-02T03:04:05.678Z`. */
export function isoNow(): string {
  return new Date().toISOString()
}

/** Columns that requests are padded to where the width of the terminal is not known; longer ones are not cut. */
const freeWidth = 32
/** The share of the terminal for requests, and its bounds in columns: 36 of 80 columns, 45 of 100, 54 of 120. */
const requestShare = 0.45
const requestBounds = [12, 72] as const

/**
 * Columns of the request in a log line. Lines of live reload align with it.
 *
 * @param columns Width of the terminal; undefined where the log is a file.
 */
export function requestColumns(columns: number | undefined): number {
  if (columns === undefined) return freeWidth
  const [least, most] = requestBounds
  return Math.min(most, Math.max(least, Math.floor(columns * requestShare)))
}
