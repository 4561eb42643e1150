import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, type BigIntStats } from 'node:fs'
import { isSameFile, type AccessPolicy } from '../access/access-policy.ts'
import { linkOnDisk, realPathOnDisk, toDisk } from '../../core/util/disk-name.ts'
import { isSameState } from '../../core/util/stat-state.ts'
import { missingOrThrowAt } from '../fs-errors.ts'

/** An open regular file that the policy admits. The caller closes it. */
export interface OpenFile {
  readonly fd: number
  /** State of the descriptor. */
  readonly stat: BigIntStats
}

// A pipe or a device that replaces the file between stat and open must not block the server, nor become its terminal.
// Windows has neither flag.
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

let areDescriptorsNamed: boolean | undefined

/** Whether the system reports the real path of a descriptor, as Linux does. Replacing the file cannot falsify it. */
function descriptorsHaveNames(): boolean {
  try {
    areDescriptorsNamed ??= existsSync('/proc/self/fd')
  } catch {
    // The permission model of Node allows other folders only.
    areDescriptorsNamed = false
  }
  return areDescriptorsNamed
}

/** Attempts to open a file that other programs replace meanwhile. */
const attempts = 4

/**
 * Opens a file that is regular according to a stat. The descriptor decides, not the name: the file is opened first,
 * then the policy must admit its real path, which must still name the open file. So replacing the file by a symbolic
 * link between check and open has no effect.
 *
 * @param verified State in which the policy admitted this path before. The same file in the same state (a rename
 *   changes ctime) is not resolved again.
 * @returns undefined if the file is missing or not served.
 * @throws ServeError as {@link missingOrThrowAt}.
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

/** The state of the descriptor if the file may be served. Never throws, since the caller must close the descriptor. */
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
    const real = descriptorsHaveNames() ? linkOnDisk(`/proc/self/fd/${fd}`) : realPathOnDisk(path)
    // lstat and not stat: a link here has replaced the file after its path was resolved.
    const named = lstatSync(toDisk(real), { bigint: true, throwIfNoEntry: false })
    if (named === undefined || !isSameFile(named, stat)) return 'replaced'
    return access.admits(real, stat, path, fd) ? stat : 'refused'
  } catch {
    return 'replaced'
  }
}
