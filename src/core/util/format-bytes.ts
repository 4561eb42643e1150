const units = ['kB', 'MB', 'GB', 'TB', 'PB']

/** A number of bytes in decimal units (SI): `999 B`, `1.2 kB`, `34 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let value = bytes
  let unit = -1
  // From 999.5 on, rounding would show 1000 of the smaller unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  // From 9.95 on, rounding would show 10.0.
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}
