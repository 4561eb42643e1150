import { pad2 } from './log-format.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A duration in milliseconds by its two largest units: `45 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. A negative one is `0 s`. */
export function formatDuration(ms: number): string {
  if (ms < minute) return `${Math.max(0, Math.floor(ms / second))} s`
  if (ms < hour) return `${Math.floor(ms / minute)} min`
  if (ms < day) return twoUnits(ms, hour, 'h', minute, 'min')
  return twoUnits(ms, day, 'd', hour, 'h')
}

/** A point in local time: `14:02` on the day of `now`, else `2026-11-28`. Both are milliseconds since 1970. */
export function formatSince(time: number, now: number): string {
  const date = new Date(time)
  if (date.toDateString() === new Date(now).toDateString()) return `${pad2(date.getHours())}:${pad2(date.getMinutes())}`
  return `${date.getFullYear()}-${pad2(date.getMonth() + 1)}-${pad2(date.getDate())}`
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}
