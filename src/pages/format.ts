/** A whole number with thousands separators: `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A number and its noun: `1 file`, `2 files`. */
export function formatNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A time (milliseconds since 1970) in RFC 3339; undefined for one outside the range of dates, which disks can hold. */
export function formatInstant(ms: number): string | undefined {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** Date and time in the time zone of this computer: `['2026-03-01', '14:05']`. */
export function formatLocal(ms: number): [day: string, time: string] {
  const date = new Date(ms)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return [day, `${two(date.getHours())}:${two(date.getMinutes())}`]
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
