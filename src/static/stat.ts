import type { BigIntStats } from 'node:fs'
import type { AccessPolicy } from './access/access-policy.ts'
import { missingOrThrowAt } from './fs-errors.ts'
import { statOnDisk } from '../core/util/disk-name.ts'
import type { Exchange } from '../http/message/exchange.ts'

/**
 * The state of a file or folder, links followed; undefined when there is none.
 *
 * @throws ServeError `E8008_FORBIDDEN` if the system denies access to a path that the policy admits, else `E8008_BUSY`
 *   or `E8008_INTERNAL`.
 */
export function statWithin(path: string, access: AccessPolicy): BigIntStats | undefined {
  try {
    return statOnDisk(path)
  } catch (error) {
    return missingOrThrowAt(path, access, error)
  }
}

/**
 * A {@link statWithin} whose result the requests of one batch share. They have all arrived before the stat, so each
 * sees every edit that finished before it was sent. A stat is the most expensive part of a reply from memory, and under
 * load a batch has dozens of requests.
 */
export function createBatchStat(access: AccessPolicy): (path: string, x: Exchange) => BigIntStats | undefined {
  const seen = new Map<string, BigIntStats | undefined>()
  // An exchange without a batch has NaN, which equals no other value.
  let batch = Number.NaN
  return (path, x) => {
    if (x.batch !== batch) {
      seen.clear()
      batch = x.batch
    }
    if (seen.has(path)) return seen.get(path)
    const stat = statWithin(path, access)
    seen.set(path, stat)
    return stat
  }
}
