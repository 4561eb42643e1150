import type { BigIntStats } from 'node:fs'
import type { Boundary } from './access/access-policy.ts'
import { exactStat } from './exact-stat.ts'
import { refuseAt } from './fs-errors.ts'

/**
 * The state of a file or folder, links followed; undefined when there is none.
 *
 * @throws ServeError `E8008_FORBIDDEN` where the system denies us access to what the boundary admits,
 *   `E8008_INTERNAL` otherwise.
 */
export function look(path: string, boundary: Boundary): BigIntStats | undefined {
  try {
    return exactStat(path)
  } catch (error) {
    return refuseAt(path, boundary, error)
  }
}
