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
