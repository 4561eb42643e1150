import type { BigIntStats } from 'node:fs'
import type { AccessPolicy } from './access/access-policy.ts'
import { missingOrThrowAt } from './fs-errors.ts'
import { exactStat } from './stat.ts'
import type { Exchange } from '../http/message/exchange.ts'

/**
 * The state of a file or folder, links followed; undefined when there is none.
 *
 * @throws ServeError `E8008_FORBIDDEN` where the system denies us access to what the boundary admits,
 *   `E8008_INTERNAL` otherwise.
 */
export function statWithin(path: string, access: AccessPolicy): BigIntStats | undefined {
  try {
    return exactStat(path)
  } catch (error) {
    return missingOrThrowAt(path, access, error)
  }
}

/**
 * A {@link statWithin} that is shared by the requests of one batch: they had all arrived before it, so an
 * edit that was finished when any of them was sent is seen by all of them. A stat is the dearest part
 * of an answer from memory, and under load a batch holds dozens of requests.
 */
export function createBatchStat(access: AccessPolicy): (path: string, x: Exchange) => BigIntStats | undefined {
  const seen = new Map<string, BigIntStats>()
  // An exchange that belongs to no batch has NaN, which is never the same as the one before.
  let batch = Number.NaN
  return (path, x) => {
    if (x.batch !== batch) {
      seen.clear()
      batch = x.batch
    }
    const known = seen.get(path)
    if (known !== undefined) return known
    const stat = statWithin(path, access)
    if (stat !== undefined) seen.set(path, stat)
    return stat
  }
}
