import { existsSync, lchownSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { nodeCrypto } from './builtin.ts'

/**
 * Makes a folder and missing ones above it, owned by the owner of the folder that exists. By default only the owner can
 * read them. Not with `recursive`: Node retries without end where a file system cannot make folders, as /proc.
 */
export function makeFolder(folder: string, mode = 0o700): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder), mode)
  try {
    mkdirSync(folder, { mode })
    giveToOwner(folder)
  } catch (error) {
    // Another process has made it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * Replaces a file atomically: readers see the old or the new content, never a part. After a crash of the system it may
 * be empty.
 */
export function replaceFile(file: string, text: string, mode: number): void {
  const temporary = writeTemporary(file, text, mode, false)
  try {
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Writes a temporary file beside a file; `flush` syncs it to the disk. */
export function writeTemporary(file: string, text: string, mode: number, flush: boolean): string {
  const temporary = `${file}.${nodeCrypto().randomBytes(6).toString('hex')}.tmp`
  writeFileSync(temporary, text, { mode, flag: 'wx', flush })
  giveToOwner(temporary)
  return temporary
}

/** Gives a file that root has made to the owner of its folder, who could not read or renew it otherwise. */
function giveToOwner(path: string): void {
  if (!isRoot()) return
  const { uid, gid } = statSync(dirname(path))
  // Not chownSync(): the user may have replaced it by a symbolic link meanwhile.
  if (uid !== 0) lchownSync(path, uid, gid)
}

/** Whether this process may change files of other users. */
export function isRoot(): boolean {
  return process.getuid?.() === 0
}
