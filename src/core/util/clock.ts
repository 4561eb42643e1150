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
