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

/** For the owner's eyes only. */
export const secretMode = 0o600
/** The certificate of the authority is no secret. */
export const publicMode = 0o644

/** The content of a file, or undefined where there is none. @throws Error for a pipe, on which reading would wait for ever. */
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

/** Where a file system knows no hard links a moment is left in which both win; the later file stands. */
function renameFirst(temporary: string, file: string): boolean {
  if (existsSync(file)) return false
  renameSync(temporary, file)
  return true
}

/**
 * Takes a folder or file from the eyes of others. Windows has no such modes; there the place is the user's own.
 *
 * @returns whether others could have read it before.
 */
export function closeToOthers(path: string): boolean {
  if (process.platform === 'win32') return false
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  // A user who leads root along a link would have it change what is not the user's.
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
 * Why what lies at a path is not to be relied on, as the end of a sentence: it belongs to neither this user nor root,
 * who could exchange it at any time; or we are root, who owns all, and it is a link, or a file that is not of the owner
 * of its folder. Undefined where it may be used, or is not there. Windows has no such owners.
 *
 * @param own Our user id. Default: that of the process.
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
