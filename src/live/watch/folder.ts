import type { FSWatcher } from 'node:fs'
import type { FileState } from './file-state.ts'

/** A path that is watched because pages or requests use it. */
export interface WatchedPath {
  readonly path: string
  /** Path without the final separator that stands for entries. */
  readonly file: string
  /** Whether the path means the entries of a folder. */
  readonly isEntries: boolean
  state: FileState
  /** When it last changed, in milliseconds since 1970. */
  changedAt: number
  /** Upper bound of {@link changedAt}. */
  changedBy: number
  /** Timer of the report, while the file may be half-written. */
  heldReport: NodeJS.Timeout | undefined
  /** Folder of the path. */
  folder: WatchedFolder
  /** Real path, if it differs because of a symbolic link. */
  real: string | undefined
  realFolder: WatchedFolder | undefined
  /** Whether an event has named it since its state was last read. */
  hasEvent: boolean
}

/** A folder that is watched, or will be when it exists. */
export interface WatchedFolder {
  readonly path: string
  /** Its events report when this folder is made, removed or replaced. */
  parent: WatchedFolder | undefined
  /** Watched folders directly in it, by the keys of their names. */
  readonly below: Map<string, WatchedFolder>
  /** Watched files in it, by the keys of their names. */
  readonly files: Map<string, Set<WatchedPath>>
  /** Set when its entries are watched. */
  entries: WatchedPath | undefined
  watcher: FSWatcher | undefined
  /** Device, inode and birth time; undefined while the folder does not exist. */
  identity: string | undefined
  device: bigint | undefined
  /** Real path. */
  real: string | undefined
  /** Whether the folder, or a watched folder above it, is a symbolic link. */
  isLinked: boolean
  /** Whether it is polled, because it has no events. */
  isPolled: boolean
  /** How often in a row it existed, but could not be watched because it was missing. */
  missedOpens: number
  /** Whether an event named the folder itself: it may have been replaced by another one of that name. */
  isSuspect: boolean
}

/** Makes a folder whose state has not been read. */
export function newWatchedFolder(path: string, parent: WatchedFolder | undefined): WatchedFolder {
  return {
    path,
    parent,
    below: new Map(),
    files: new Map(),
    entries: undefined,
    watcher: undefined,
    identity: undefined,
    device: undefined,
    real: undefined,
    isLinked: false,
    isPolled: false,
    missedOpens: 0,
    isSuspect: false,
  }
}

/** The watched items directly in a folder, and its entries if they are watched. */
export function* itemsIn(folder: WatchedFolder): Generator<WatchedPath | WatchedFolder> {
  for (const uses of folder.files.values()) yield* uses
  yield* folder.below.values()
  if (folder.entries !== undefined) yield folder.entries
}
