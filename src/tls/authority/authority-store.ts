import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { isRoot, writeTemporary } from '../../core/util/owned-file.ts'

/** Only the owner may read it. */
export const secretMode = 0o600
/** The certificate of the authority is public. */
export const publicMode = 0o644

/** The content of a file, or undefined when it does not exist. @throws Error for a pipe, which would block for ever. */
export function readIfThere(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  if (!stats.isFile()) throw new Error(`${file} is not a regular file.`)
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * As {@link replaceFile}, but never over another file, and written through to the disk. Of several processes at once one
 * wins.
 *
 * @returns whether we did.
 */
export function publishFirst(file: string, text: string, mode: number): boolean {
  const temporary = writeTemporary(file, text, mode, true)
  try {
    linkSync(temporary, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    return renameFirst(temporary, file)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** For file systems without hard links. Two processes may both win; the later file stays. */
function renameFirst(temporary: string, file: string): boolean {
  if (existsSync(file)) return false
  renameSync(temporary, file)
  return true
}

/**
 * Removes the permissions of other users from a folder or file. Windows has no such modes; there the folder is private.
 *
 * @returns whether other users had permissions.
 */
export function closeToOthers(path: string): boolean {
  if (process.platform === 'win32') return false
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  // Otherwise a user could make root change the mode of another user's file through a link.
  const descriptor = openSync(path, O_RDONLY | O_NONBLOCK | (isRoot() ? O_NOFOLLOW : 0))
  try {
    const { mode } = fstatSync(descriptor)
    if ((mode & 0o077) === 0) return false
    fchmodSync(descriptor, mode & 0o700)
    return true
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Why a file or folder must not be used, as the end of a sentence. It belongs to another user than this one or root, who
 * could replace it at any time. Or we are root, and it is a link, or a file whose owner is not the owner of its folder.
 * Undefined when it may be used or does not exist. Windows has no such owners.
 *
 * @param own The user id of this process. Default: that of the process.
 */
export function faultOfOwner(path: string, own: number | undefined = process.getuid?.()): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (own === undefined || stats === undefined) return undefined
  if (own === 0) {
    if (stats.isSymbolicLink()) return 'is a symbolic link, and root follows none'
    if (stats.isDirectory() || stats.uid === 0 || stats.uid === statSync(dirname(path)).uid) return undefined
  } else {
    const owner = statSync(path, { throwIfNoEntry: false })?.uid ?? own
    if (owner === own || owner === 0) return undefined
  }
  return 'belongs to another user'
}
