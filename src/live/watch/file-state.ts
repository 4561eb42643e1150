import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { toDisk, tryStat } from '../../core/util/disk-name.ts'

/** Milliseconds within which two writes may get equal times: kernels use the time of the last clock tick. */
const sameTimeMs = 20
/** Most bytes of a file whose content is compared when its times cannot tell two writes apart. */
const digestBytes = 262_144n

/** The state of a path, in the detail that shows whether pages need an update. */
export interface FileState {
  readonly kind: 'none' | 'file' | 'folder' | 'other'
  /** Nanoseconds since 1970. */
  readonly modified: bigint
  /** Nanoseconds since 1970. */
  readonly changed: bigint
  readonly size: bigint
  readonly inode: bigint
  /** Mode, user and group. */
  readonly access: string
  /** Digest of the content; empty if the content was not read. */
  readonly digest: string
  /** Whether the next write may get the same times. */
  readonly isFresh: boolean
}

const missing: FileState = {
  kind: 'none',
  modified: 0n,
  changed: 0n,
  size: 0n,
  inode: 0n,
  access: '',
  digest: '',
  isFresh: false,
}
const folder: FileState = { ...missing, kind: 'folder' }

/**
 * Reads the state of a path. The state of a folder is only that it exists, or with `isEntries` the time of its entries.
 * The content of a file is read when the next write may get the same times.
 */
export function readFileState(path: string, isEntries: boolean): FileState {
  const stats = tryStat(path)
  if (stats === undefined) return missing
  const isFresh = Math.abs(Date.now() - Number(stats.ctimeNs / 1_000_000n)) < sameTimeMs
  const times = { modified: stats.mtimeNs, changed: stats.ctimeNs, inode: stats.ino, access: '', isFresh }
  if (stats.isDirectory()) {
    // A new mode or owner changes the ctime of a folder, but not its entries.
    return isEntries ? { ...times, kind: 'folder', changed: 0n, size: 0n, digest: '' } : folder
  }
  if (!stats.isFile()) return { ...times, kind: 'other', size: 0n, digest: '' }
  const access = `${stats.mode}:${stats.uid}:${stats.gid}`
  const file: FileState = { ...times, kind: 'file', size: stats.size, access, digest: '' }
  return isFresh ? withDigest(file, path) : file
}

/** Adds the digest of the content, unless the file is large. */
export function withDigest(state: FileState, path: string): FileState {
  if (state.kind !== 'file' || state.digest !== '' || state.size > digestBytes) return state
  return { ...state, digest: digestOf(path) }
}

/**
 * Whether the state of a path has not changed. If the times cannot tell, the content of a file is compared, and an event
 * counts as a change of a folder's entries. The ctime alone is no change: editors set the mode of files that they have
 * just written, and links and attributes change it too.
 */
export function isSameFileState(before: FileState, after: FileState, path: string, hasEvent: boolean): boolean {
  if (
    before.kind !== after.kind ||
    before.modified !== after.modified ||
    before.size !== after.size ||
    before.inode !== after.inode ||
    before.access !== after.access
  ) {
    return false
  }
  const isUntouched = before.changed === after.changed
  if (isUntouched && !before.isFresh) return true
  if (before.kind === 'folder') return !hasEvent
  return before.digest === '' ? isUntouched : before.digest === (after.digest || digestOf(path))
}

/** Whether this may be the middle of a save: the file was emptied before it is written, or removed before it is replaced. */
export function isHalfWritten(before: FileState, after: FileState): boolean {
  if (after.kind === 'none') return before.kind === 'file'
  return after.kind === 'file' && after.size === 0n && !(before.kind === 'file' && before.size === 0n)
}

function digestOf(path: string): string {
  try {
    return createHash('sha1')
      .update(readFileSync(toDisk(path)))
      .digest('base64')
  } catch {
    return ''
  }
}
