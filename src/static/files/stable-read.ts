import { fstatSync, readSync, type BigIntStats } from 'node:fs'
import { isSameState } from './open-file.ts'

/** A file's content, and the state in which it was read. */
export interface StableContent {
  readonly bytes: Buffer
  readonly stat: BigIntStats
  /** Whether the file held still while it was read. */
  readonly whole: boolean
}

/** How often a file that is being written is read again. */
const attempts = 4

/**
 * Reads a small open file by position. Looks at it again afterwards, so that content mixed of two
 * versions is noticed; after a few attempts the last reading is handed out as not whole.
 *
 * @param limit Bytes; a file that has grown past it in the meantime is undefined.
 */
export function readStable(fd: number, first: BigIntStats, limit: number): StableContent | undefined {
  let before = first
  for (let attempt = 1; ; attempt++) {
    if (before.size > limit) return undefined
    const bytes = readAll(fd, Number(before.size))
    const stat = fstatSync(fd, { bigint: true })
    const whole = bytes.length === Number(before.size) && isSameState(before, stat)
    if (whole || attempt === attempts) return { bytes, stat, whole }
    before = stat
  }
}

function readAll(fd: number, size: number): Buffer {
  // Not from the shared pool: a cached slice would keep its whole slab alive.
  const bytes = Buffer.allocUnsafeSlow(size)
  let filled = 0
  while (filled < size) {
    const count = readSync(fd, bytes, filled, size - filled, filled)
    if (count === 0) break
    filled += count
  }
  return filled === size ? bytes : bytes.subarray(0, filled)
}
