import { fstatSync, readSync, type BigIntStats } from 'node:fs'
import { isSameState } from '../../core/util/stat-state.ts'

/** The content of a file, and its state at that time. */
export interface StableContent {
  readonly bytes: Buffer
  readonly stat: BigIntStats
  /** Whether the file did not change while it was read. */
  readonly whole: boolean
}

/** Attempts to read a file that changes meanwhile. */
const attempts = 4

/**
 * Reads a small open file by position. A second stat detects content that mixes two versions; after the last attempt
 * such content is returned with `whole: false`.
 *
 * @param limit Bytes. Undefined if the file has grown beyond it.
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
  // Not from the shared pool: a cached slice would keep the whole pool buffer in memory.
  const bytes = Buffer.allocUnsafeSlow(size)
  let filled = 0
  while (filled < size) {
    const count = readSync(fd, bytes, filled, size - filled, filled)
    if (count === 0) break
    filled += count
  }
  return filled === size ? bytes : bytes.subarray(0, filled)
}
