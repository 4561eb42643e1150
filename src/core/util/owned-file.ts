import { randomBytes } from 'node:crypto'
import { existsSync, lchownSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it, which belong to the owner of the folder that was there; by default for the owner's
 * eyes only. Not `recursive`, with which
 * Node tries for ever where a file system makes no folders, as /proc does.
 */
export function makeFolder(folder: string, mode = 0o700): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder), mode)
  try {
    mkdirSync(folder, { mode })
    giveToOwner(folder)
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * Puts a file in place as a whole: readers see the old content or the new one, never a part. A system that falls may
 * leave it empty.
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

/** Writes a file under another name beside its place; `flush` writes it through to the disk. */
export function writeTemporary(file: string, text: string, mode: number, flush: boolean): string {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  writeFileSync(temporary, text, { mode, flag: 'wx', flush })
  giveToOwner(temporary)
  return temporary
}

/** What root makes in a user's folder belongs to the user, who could not read or renew it otherwise. */
function giveToOwner(path: string): void {
  if (!isRoot()) return
  const { uid, gid } = statSync(dirname(path))
  // The user may have put a link there meanwhile.
  if (uid !== 0) lchownSync(path, uid, gid)
}

/** Whether we may change what belongs to others. */
export function isRoot(): boolean {
  return process.getuid?.() === 0
}
