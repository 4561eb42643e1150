import { basename, dirname, join, sep } from 'node:path'
import type { Warning } from '../../core/warning.ts'
import { realPathOnDisk, tryStat } from '../../core/util/disk-name.ts'
import { silentFileSystem, nameKey, type WatchSystem } from './file-system.ts'
import { itemsIn, newWatchedFolder, type WatchedFolder, type WatchedPath } from './folder.ts'
import { isIgnoredName } from './ignored.ts'
import { shownPath, noEventsWarning, watchFailedWarning } from './watch-warnings.ts'

/** Events in one turn after which some may be lost: the queue of the Linux kernel holds 16,384. */
const burstEvents = 10_000

/** What {@link DirectoryWatchers} needs. */
export interface DirectoryWatchersOptions {
  readonly served: () => readonly string[]
  readonly cwd: string
  readonly system: WatchSystem
  /** Whether every folder is polled, and none is watched for events. */
  readonly isPolling: boolean
  /** Milliseconds between two polls, for the texts of warnings. */
  readonly pollMs: number
  /** Called when an item may have changed. */
  readonly mark: (item: WatchedPath | WatchedFolder) => void
  /** Called when any item may have changed. */
  readonly markAll: () => void
  /** Called when a folder has to be polled. */
  readonly onPolled: () => void
  readonly onWarning: (warning: Warning) => void
}

/** Watches the folders of used paths, and the folders from the parent of the served folder down to them. */
export class DirectoryWatchers {
  readonly #options: DirectoryWatchersOptions
  readonly #all = new Map<string, WatchedFolder>()
  readonly #polled = new Set<WatchedFolder>()
  readonly #warned = new Set<string>()
  #events = 0
  #turn: NodeJS.Immediate | undefined

  constructor(options: DirectoryWatchersOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#all.size
  }

  /** Folders without events. */
  get polled(): ReadonlySet<WatchedFolder> {
    return this.#polled
  }

  /** The folder at a path. It is watched from now on, together with the folders above it. */
  get(path: string): WatchedFolder {
    const known = this.#all.get(path)
    if (known !== undefined && (known.parent !== undefined || dirname(path) === path)) return known
    const parent = dirname(path) === path ? undefined : this.#parent(path)
    if (known !== undefined) {
      known.parent = parent
      parent?.below.set(this.key(basename(path)), known)
      return known
    }
    return this.#add(path, parent)
  }

  key(name: string): string {
    return nameKey(name, this.#options.system.platform)
  }

  /** Checks whether the path still has the folder that is watched. If not, everything in it may have changed. */
  refresh(folder: WatchedFolder): void {
    // It may have been unwatched while it was queued.
    if (this.#all.get(folder.path) !== folder) return
    const stats = tryStat(folder.path)
    const identity = stats?.isDirectory() ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : undefined
    if (identity === folder.identity && !folder.isSuspect) return
    folder.isSuspect = false
    this.#close(folder)
    folder.identity = identity
    folder.device = stats?.dev
    if (identity !== undefined) this.#open(folder)
    // No parent reports when a topmost folder is made.
    else if (folder.parent === undefined) this.#poll(folder)
    for (const item of itemsIn(folder)) this.#options.mark(item)
  }

  /** Stops watching a folder in which no path is used, and then the folders above it in the same way. */
  prune(folder: WatchedFolder): void {
    if (folder.files.size > 0 || folder.below.size > 0 || folder.entries !== undefined) return
    this.#close(folder)
    this.#all.delete(folder.path)
    if (folder.parent === undefined) return
    folder.parent.below.delete(this.key(basename(folder.path)))
    this.prune(folder.parent)
  }

  close(): void {
    for (const folder of this.#all.values()) this.#close(folder)
    this.#all.clear()
    clearImmediate(this.#turn)
  }

  /** Below a served folder every folder up to the parent of that folder is watched; elsewhere only the parent. */
  #parent(path: string): WatchedFolder {
    const parent = dirname(path)
    const isBelow = this.#options.served().some((root) => isWithin(parent, root))
    return isBelow ? this.get(parent) : (this.#all.get(parent) ?? this.#add(parent, undefined))
  }

  #add(path: string, parent: WatchedFolder | undefined): WatchedFolder {
    const folder = newWatchedFolder(path, parent)
    this.#all.set(path, folder)
    parent?.below.set(this.key(basename(path)), folder)
    this.refresh(folder)
    if (folder.identity === undefined && parent === undefined) this.#poll(folder)
    return folder
  }

  #open(folder: WatchedFolder): void {
    const { parent } = folder
    folder.real = resolveRealPath(folder.path)
    const expected = parent?.real === undefined ? undefined : join(parent.real, basename(folder.path))
    folder.isLinked = parent?.isLinked === true || (expected !== undefined && folder.real !== expected)
    if (this.#options.isPolling || this.#isSilent(folder)) return this.#poll(folder)
    try {
      const watcher = this.#options.system.watch(folder.path, (type, name) => this.#onEvent(folder, type, name))
      watcher.on('error', (error) => this.#fail(folder, error))
      folder.watcher = watcher
      folder.missedOpens = 0
    } catch (error) {
      this.#fail(folder, error as NodeJS.ErrnoException)
    }
  }

  /** Whether a folder is on a file system without events. A folder on the same device as its watched parent is not. */
  #isSilent(folder: WatchedFolder): boolean {
    if (this.#options.system.platform !== 'linux') return false
    const { parent } = folder
    if (parent?.identity !== undefined && parent.device === folder.device && parent.watcher !== undefined) return false
    const fileSystem = this.#fileSystem(folder.path)
    if (fileSystem === undefined) return false
    // The folder above a served one is watched for one name only, so it needs no warning.
    if (parent !== undefined) {
      const root = this.#options.served().find((each) => isWithin(folder.path, each)) ?? folder.path
      this.#warn(`${fileSystem} ${root}`, noEventsWarning(fileSystem, this.#shown(root), this.#options.pollMs))
    }
    return true
  }

  #fileSystem(path: string): string | undefined {
    try {
      return silentFileSystem(this.#options.system.fileSystem(path))
    } catch {
      return undefined
    }
  }

  #fail(folder: WatchedFolder, error: NodeJS.ErrnoException): void {
    this.#close(folder)
    // The folder was removed or replaced meanwhile; on Windows that is an error of the watcher. If it is back, try again,
    // but at most three times in a row.
    const isBack = tryStat(folder.path)?.isDirectory() === true
    if (!isBack || (error.code === 'ENOENT' && folder.missedOpens++ < 3)) {
      folder.identity = undefined
      if (folder.parent === undefined) this.#poll(folder)
      return this.#options.mark(folder)
    }
    this.#poll(folder)
    const isForbidden = error.code === 'EACCES' || error.code === 'EPERM'
    // The user may lack access to the folder above the served one, and needs no warning about it.
    if (isForbidden && folder.parent === undefined) return
    const warning = watchFailedWarning(error, this.#shown(folder.path), this.#options.pollMs)
    this.#warn(error.code ?? error.message, warning)
  }

  #onEvent(folder: WatchedFolder, type: string, name: string | null): void {
    const { mark } = this.#options
    this.#count()
    if (name === null) {
      for (const item of itemsIn(folder)) markWithEvent(item, mark)
      return
    }
    const key = this.key(name)
    for (const use of folder.files.get(key) ?? []) markWithEvent(use, mark)
    const below = folder.below.get(key)
    if (below !== undefined) mark(below)
    if (type !== 'rename') return
    if (folder.entries !== undefined && !isIgnoredName(name)) markWithEvent(folder.entries, mark)
    // Linux reports the name of the watched folder itself when it was removed or moved.
    if (name === basename(folder.path)) {
      folder.isSuspect = true
      mark(folder)
    }
  }

  #count(): void {
    this.#events++
    this.#turn ??= setImmediate(() => {
      if (this.#events > burstEvents) this.#options.markAll()
      this.#events = 0
      this.#turn = undefined
    })
  }

  #poll(folder: WatchedFolder): void {
    folder.isPolled = true
    this.#polled.add(folder)
    this.#options.onPolled()
  }

  #close(folder: WatchedFolder): void {
    folder.watcher?.close()
    folder.watcher = undefined
    folder.isPolled = false
    this.#polled.delete(folder)
  }

  #warn(key: string, warning: Warning): void {
    if (this.#warned.has(key)) return
    this.#warned.add(key)
    this.#options.onWarning(warning)
  }

  #shown(path: string): string {
    return shownPath(path, this.#options.cwd)
  }
}

/** Whether a path is the folder, or below it. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function markWithEvent(item: WatchedPath | WatchedFolder, mark: (item: WatchedPath | WatchedFolder) => void): void {
  if ('isEntries' in item) item.hasEvent = true
  mark(item)
}

function resolveRealPath(path: string): string | undefined {
  try {
    return realPathOnDisk(path)
  } catch {
    return undefined
  }
}
