import { createHash } from 'node:crypto'
import { readFileSync, statSync, type BigIntStats } from 'node:fs'
import { toDisk } from '../../core/util/disk-name.ts'

/** Milliseconds within which two writes may get the same times: kernels stamp files with the time of a clock tick. */
const sameTimeMs = 20
/** Bytes up to which the content of a file is compared where its times do not tell. */
const digestBytes = 262_144n

/** What there is at a path, as far as it matters to those who use it. */
export interface FileState {
  readonly kind: 'none' | 'file' | 'folder' | 'other'
  /** Nanoseconds since 1970. */
  readonly modified: bigint
  /** Nanoseconds since 1970. */
  readonly changed: bigint
  readonly size: bigint
  readonly inode: bigint
  /** Who may read it, and whose it is. */
  readonly access: string
  /** Of the content, where it was read; else empty. */
  readonly digest: string
  /** Whether the times alone would not tell the next change from this one. */
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
 * Looks at a path; of a folder only its being there counts, unless its entries are asked for. The content of a file is
 * read where the times alone would not tell the next write from this one.
 */
export function readFileState(path: string, isEntries: boolean): FileState {
  const stats = statOf(path)
  if (stats === undefined) return missing
  const isFresh = Math.abs(Date.now() - Number(stats.ctimeNs / 1_000_000n)) < sameTimeMs
  const times = { modified: stats.mtimeNs, changed: stats.ctimeNs, inode: stats.ino, access: '', isFresh }
  if (stats.isDirectory()) {
    // Access rights and owners change the ctime of a folder, but none of its names.
    return isEntries ? { ...times, kind: 'folder', changed: 0n, size: 0n, digest: '' } : folder
  }
  if (!stats.isFile()) return { ...times, kind: 'other', size: 0n, digest: '' }
  const access = `${stats.mode}:${stats.uid}:${stats.gid}`
  const file: FileState = { ...times, kind: 'file', size: stats.size, access, digest: '' }
  return isFresh ? withDigest(file, path) : file
}

/** The same with the content of a file, unless it is large. */
export function withDigest(state: FileState, path: string): FileState {
  if (state.kind !== 'file' || state.digest !== '' || state.size > digestBytes) return state
  return { ...state, digest: digestOf(path) }
}

/**
 * Whether a path is as it was. Where the times cannot tell, the content does, and of a folder's entries the event. The
 * ctime alone says little: editors set the access rights of what they have just written, and links and attributes count
 * too.
 */
export function isSameState(before: FileState, after: FileState, path: string, hasEvent: boolean): boolean {
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

/** Whether it looks like the middle of a save: emptied before the writing, or taken away before the new one comes. */
export function isHalfWritten(before: FileState, after: FileState): boolean {
  if (after.kind === 'none') return before.kind === 'file'
  return after.kind === 'file' && after.size === 0n && !(before.kind === 'file' && before.size === 0n)
}

/** Stats of what a path leads to; undefined when nothing is there, or nothing that may be seen. */
export function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(toDisk(path), { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
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
