import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, type BigIntStats } from 'node:fs'
import { isSameFile, type AccessPolicy } from '../access/access-policy.ts'
import { linkOnDisk, realPathOnDisk, toDisk } from '../../core/util/disk-name.ts'
import { missingOrThrowAt } from '../fs-errors.ts'

/** A regular file inside the boundary, open for reading. Whoever holds it closes it. */
export interface OpenFile {
  readonly fd: number
  /** Taken from the descriptor. */
  readonly stat: BigIntStats
}

// A pipe or a device that takes the file's place between stat and open must not block us, nor become
// our terminal. Windows has neither flag.
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** Linux tells the real path of a descriptor itself, which no swap can falsify. */
const descriptorsHaveNames = existsSync('/proc/self/fd')

/** How often a file that is replaced under our hands is tried again. */
const attempts = 4

/**
 * Opens a file that a stat has shown to be a regular one. Decides on the descriptor, not on the name:
 * it is opened first, then its real path must lie within the boundary and still lead to the very file
 * that is open, so that a swap for a symbolic link between check and open cannot win.
 *
 * @param verified State in which this path was found within the boundary before; the same file in the
 *   same state (a rename changes ctime) is not resolved again.
 * @returns undefined when there is no such file for a client.
 * @throws ServeError as `look` does.
 */
export function openFile(path: string, access: AccessPolicy, verified?: BigIntStats): OpenFile | undefined {
  for (let attempt = 0; attempt < attempts; attempt++) {
    let fd: number
    try {
      fd = openSync(toDisk(path), openFlags)
    } catch (error) {
      return missingOrThrowAt(path, access, error)
    }
    const stat = judge(fd, path, access, verified)
    if (stat !== 'replaced' && stat !== 'refused') return { fd, stat }
    closeSync(fd)
    if (stat === 'refused') return undefined
  }
  return undefined
}

/**
 * Whether two looks found one file unchanged. Content cannot change without a new ctime, save within one
 * tick of the clock.
 */
export function isSameState(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.size === b.size && a.dev === b.dev
}

/** The descriptor's state when it may be served. Never throws: the caller owns the descriptor. */
function judge(
  fd: number,
  path: string,
  access: AccessPolicy,
  verified: BigIntStats | undefined,
): BigIntStats | 'replaced' | 'refused' {
  try {
    const stat = fstatSync(fd, { bigint: true })
    if (!stat.isFile()) return 'refused'
    if (verified !== undefined && isSameState(stat, verified)) return stat
    const real = descriptorsHaveNames ? linkOnDisk(`/proc/self/fd/${fd}`) : realPathOnDisk(path)
    // lstat: a real path has no link at its end, unless it was put there since.
    const named = lstatSync(toDisk(real), { bigint: true, throwIfNoEntry: false })
    if (named === undefined || !isSameFile(named, stat)) return 'replaced'
    return access.admits(real, stat, path, fd) ? stat : 'refused'
  } catch {
    return 'replaced'
  }
}
