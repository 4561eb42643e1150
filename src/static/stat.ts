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
 * A {@link statWithin} whose result the requests of one batch share. A stat is the most expensive part of a reply from
 * memory, and under load a batch has dozens of requests.
 */
export function createBatchStat(access: AccessPolicy): BatchLook<BigIntStats | undefined> {
  return sharedInBatch((path) => statWithin(path, access))
}

/** Looks at a path of the file system for an exchange. */
export type BatchLook<Seen> = (path: string, x: Exchange) => Seen

/**
 * Shares what a look at the file system returns among the requests of one batch. They have all arrived before the look,
 * so each sees every edit that finished before it was sent.
 */
export function sharedInBatch<Seen>(look: (path: string) => Seen): BatchLook<Seen> {
  const seen = new Map<string, Seen>()
  // An exchange without a batch has NaN, which equals no other value.
  let batch = Number.NaN
  return (path, x) => {
    if (x.batch !== batch) {
      seen.clear()
      batch = x.batch
    }
    const known = seen.get(path)
    if (known !== undefined || seen.has(path)) return known as Seen
    const found = look(path)
    seen.set(path, found)
    return found
  }
}
