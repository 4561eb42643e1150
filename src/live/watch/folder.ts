import type { FSWatcher } from 'node:fs'
import type { FileState } from './file-state.ts'

/** A path that somebody uses. */
export interface WatchedPath {
  readonly path: string
  /** Without the final separator of the form for entries. */
  readonly file: string
  /** The names in the folder count, not the folder. */
  readonly isEntries: boolean
  state: FileState
  /** Milliseconds since 1970. */
  changedAt: number
  /** The same at the latest. */
  changedBy: number
  /** Runs while the report of what may be half-written is held back. */
  heldReport: NodeJS.Timeout | undefined
  /** Folder of the path itself. */
  folder: WatchedFolder
  /** Where a symbolic link leads to, when that is elsewhere. */
  real: string | undefined
  realFolder: WatchedFolder | undefined
  /** An event has named it since it was last looked at. */
  hasEvent: boolean
}

/** A folder that is watched, or will be when it is there. */
export interface WatchedFolder {
  readonly path: string
  /** Tells when this folder comes, goes, or becomes another one. */
  parent: WatchedFolder | undefined
  /** Folders below that are on the way to something used, by their keys. */
  readonly below: Map<string, WatchedFolder>
  /** What is used in this folder, by the keys of the names. */
  readonly files: Map<string, Set<WatchedPath>>
  /** The use of its entries. */
  entries: WatchedPath | undefined
  watcher: FSWatcher | undefined
  /** Undefined while there is no such folder. */
  identity: string | undefined
  device: bigint | undefined
  /** Its real path. */
  real: string | undefined
  /** Whether a symbolic link is on the way from the topmost watched folder. */
  isLinked: boolean
  /** Looked at from time to time, for want of events. */
  isPolled: boolean
  /** How often in a row it was there but gone when it was to be watched. */
  missedOpens: number
  /** The folder itself was named by an event: what is watched may be gone although another one of that name is there. */
  isSuspect: boolean
}

/** A folder that nobody has looked at. */
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

/** Everything directly in a folder that somebody wants to hear of. */
export function* itemsIn(folder: WatchedFolder): Generator<WatchedPath | WatchedFolder> {
  for (const uses of folder.files.values()) yield* uses
  yield* folder.below.values()
  if (folder.entries !== undefined) yield folder.entries
}
