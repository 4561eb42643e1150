import { savePosition } from './scroll-focus.ts'
import { readStored, writeStored } from './stored.ts'

const key = 'reloads'
/** More reloads than this within the time are a loop: a build that is set off by what the page does. */
const maxReloads = 8
export const loopMs = 10_000
/** Milliseconds of a page's life after which what reloads it is not of its own making: somebody saves. */
const calmMs = 1000

/**
 * Loads the page again, at the place where it is.
 *
 * @param isLate whether it has waited already; then it is done, and the next one has to wait as well.
 * @returns false when the page has been reloaded too often lately; nothing happens then.
 */
export function reloadPage(isLate: boolean): boolean {
  const now = Date.now()
  const stored = readStored(key)
  const isCalm = !isLate && performance.now() > calmMs
  const known = isCalm || !Array.isArray(stored) ? [] : stored
  const times = known.filter((time: unknown) => Number(time) > now - loopMs)
  if (times.length >= maxReloads && !isLate) return false
  writeStored(key, isLate ? Array.from({ length: maxReloads }, () => now) : [...times, now])
  savePosition()
  // Only answers to GET may carry this script: browsers send the form of a POST again here, without asking anybody.
  location.reload()
  return true
}
