import { statSync, type BigIntStats } from 'node:fs'
import { toDisk } from '../core/util/disk-name.ts'

// Float fields of Stats hold milliseconds in 53 bits, which today are steps of 244 ns. Bigint fields are exact, and
// cost 0.3 µs more in the 2 to 3 µs of a stat.
const exact = { bigint: true, throwIfNoEntry: false } as const

/**
 * The state of a file or folder, links followed; undefined when there is none.
 *
 * @throws the error of the file system, for example EACCES.
 */
export function exactStat(path: string): BigIntStats | undefined {
  return statSync(toDisk(path), exact)
}

/** Like {@link exactStat}, but undefined instead of an error. */
export function tryStat(path: string): BigIntStats | undefined {
  try {
    return exactStat(path)
  } catch {
    return undefined
  }
}
