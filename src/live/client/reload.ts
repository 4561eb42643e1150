import { savePosition } from './scroll-focus.ts'
import { readStored, writeStored } from './stored.ts'

const key = 'reloads'
/** Most reloads within `loopMs`. More are a loop, such as a build that a request of the page starts. */
const maxReloads = 8
export const loopMs = 10_000
/** Milliseconds since the load of a page after which its reload is not part of a loop: a user has saved. */
const calmMs = 1000

/**
 * Reloads the page, and keeps scroll position and focus.
 *
 * @param isLate Whether this reload has waited. Then it is not refused, and the next one has to wait too.
 * @returns False, without a reload, if the page was reloaded too often.
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
  // After a POST this would send the form again without a question, so only replies to GET get this script.
  location.reload()
  return true
}
