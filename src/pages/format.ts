const units = ['kB', 'MB', 'GB', 'TB', 'PB']

/** A size for people, in powers of 1000: `999 B`, `1.2 kB`, `34 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let value = bytes
  let unit = -1
  // 999.5 and more would be shown as 1000 of the smaller unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  // 9.95 and more would be shown as 10.0.
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** A whole number with its thousands apart: `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A number and its noun: `1 file`, `2 files`. */
export function formatNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A moment (milliseconds since 1970) in RFC 3339, or undefined where the disk holds one that no calendar has. */
export function formatInstant(ms: number): string | undefined {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** Day and time of a moment where this computer is, `['2026-03-01', '14:05']`. */
export function formatLocal(ms: number): [day: string, time: string] {
  const date = new Date(ms)
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return [day, `${two(date.getHours())}:${two(date.getMinutes())}`]
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
