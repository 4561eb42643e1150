import { basename, dirname, sep } from 'node:path'
import type { Warning } from '../../core/warning.ts'
import { ignoredByGlobs, watchGlobs, type GlobWatcher } from './glob-watcher.ts'
import type { WatchedFolder, WatchedPath } from './folder.ts'
import { clockLagMs, isBelowMissingFolders, nodeSystem, type WatchSystem } from './file-system.ts'
import { DirectoryWatchers } from './directory-watchers.ts'
import { createGlobs, isIgnoredBelow } from './ignored.ts'
import { linkedPath } from './links.ts'
import { createPoll } from './poll.ts'
import { createWorkQueue } from '../work-queue.ts'
import { isHalfWritten, isSameFileState, readFileState, withDigest } from './file-state.ts'

/** Milliseconds between two polls of a path without events, unless the user sets another time. */
const defaultPollMs = 300
/** Milliseconds before an emptied file is reported (the save may continue), and a removed one (the build may continue). */
const holdMs = { file: 50, none: 300 } as const
/** Numbers of watched folders and of used paths up to which nothing is unwatched. */
const defaultMaxFolders = 2000
const maxUses = 20_000
/** Most paths that one call of {@link Watch.trim} checks: more would delay requests. */
const trimmedPaths = 2000

/** What {@link createWatch} needs. */
export interface WatchOptions {
  /** Absolute served folders. Ignored names count only below them, so `node_modules/x/docs` can be served. */
  readonly folders: () => readonly string[]
  /** Globs that are never watched (`--ignore`), relative to the served folder or absolute. */
  readonly ignore: readonly string[]
  /** Globs, files or folders that are watched although no page uses them (`--watch`), absolute or relative to `cwd`. */
  readonly globs: readonly string[]
  readonly cwd: string
  /** Milliseconds between two polls of every path; undefined to poll only paths without events. */
  readonly pollMs: number | undefined
  /** Called for each used path whose state has changed, and for each match of `globs` that was added, changed or removed. */
  readonly onChange: (path: string, isGlobMatch: boolean) => void
  readonly onWarning: (warning: Warning) => void
  /** Number of watched folders above which {@link Watch.trim} unwatches paths; 2000 by default. */
  readonly maxFolders?: number
}

/** Watches the paths that pages use. */
export interface Watch {
  /**
   * Watches absolute paths of files, whether or not they exist. No change is missed after this call returns. A path with a
   * final separator means the entries of that folder (names that are added or removed). Every request calls this.
   */
  use(paths: readonly string[]): void
  /** When a used path last changed, in milliseconds since 1970: at first its ctime, but not after now; 0 if it is missing. */
  changedAt(path: string): number
  /** Upper bound of `changedAt`: until a change is seen it is the ctime, which may be a tick older than the clock. */
  changedBy(path: string): number
  /**
   * Unwatches unused paths if there are more than `maxFolders` watched folders or 20,000 paths. Each call checks 2000
   * paths, and continues where the last one ended. Returns the unwatched paths: call `use` when they are requested again.
   */
  trim(isUsed: (path: string) => boolean): readonly string[]
  close(): Promise<void>
}

/** Makes a watch. It watches the folders of used paths, never a tree. After an event the state of the file decides. */
export function createWatch(options: WatchOptions, system: WatchSystem = nodeSystem): Watch {
  const { folders: served, cwd, onChange, onWarning, maxFolders = defaultMaxFolders } = options
  const pollMs = options.pollMs ?? defaultPollMs
  const ignore = createGlobs(options.ignore, served)
  const uses = new Map<string, WatchedPath>()
  let trimming = uses.keys()
  let isClosed = false
  let areGlobsReady = ignore.ready === undefined

  const queue = createWorkQueue<WatchedPath | WatchedFolder>((item) =>
    'isEntries' in item ? check(item) : watchers.refresh(item),
  )
  const poll = createPoll(() => watchers.polled, queue, pollMs)
  const watchers = new DirectoryWatchers({
    served,
    cwd,
    system,
    isPolling: options.pollMs !== undefined,
    pollMs,
    mark: (item) => queue.add(item),
    markAll() {
      for (const use of uses.values()) queue.add(use)
    },
    onPolled: () => poll.start(),
    onWarning,
  })
  const globWatcher = startGlobWatcher()

  function use(path: string): void {
    if (
      isClosed ||
      uses.has(path) ||
      isIgnoredBelow(path, served()) ||
      ignore.matches(path) ||
      isBelowMissingFolders(path)
    )
      return
    const isEntries = path.length > 1 && (path.endsWith(sep) || path.endsWith('/'))
    const file = isEntries ? path.slice(0, -1) : path
    const folder = watchers.get(isEntries ? file : dirname(file))
    // The folder is watched before the state is read, so that no change in between is missed.
    const real = isEntries ? undefined : linkedPath(file, folder)
    const realFolder = real === undefined ? undefined : watchers.get(dirname(real))
    const state = readFileState(file, isEntries)
    const changedAt = Math.min(Number(state.changed || state.modified) / 1e6, Date.now())
    const used: WatchedPath = {
      path,
      file,
      isEntries,
      state,
      changedAt,
      changedBy: changedAt === 0 ? 0 : changedAt + clockLagMs,
      heldReport: undefined,
      folder,
      real,
      realFolder,
      hasEvent: false,
    }
    uses.set(path, used)
    attach(used)
  }

  function attach(used: WatchedPath): void {
    if (used.isEntries) used.folder.entries = used
    else join(used.folder, used.file, used)
    if (used.real !== undefined && used.realFolder !== undefined) join(used.realFolder, used.real, used)
  }

  function detach(used: WatchedPath): void {
    if (used.isEntries) used.folder.entries = undefined
    else leave(used.folder, used.file, used)
    if (used.real !== undefined && used.realFolder !== undefined) leave(used.realFolder, used.real, used)
  }

  function join(folder: WatchedFolder, file: string, used: WatchedPath): void {
    const key = watchers.key(basename(file))
    const there = folder.files.get(key)
    if (there === undefined) folder.files.set(key, new Set([used]))
    else there.add(used)
  }

  function leave(folder: WatchedFolder, file: string, used: WatchedPath): void {
    const key = watchers.key(basename(file))
    const there = folder.files.get(key)
    there?.delete(used)
    if (there?.size === 0) folder.files.delete(key)
  }

  function check(used: WatchedPath): void {
    if (uses.get(used.path) !== used) return
    const before = used.state
    const after = readFileState(used.file, used.isEntries)
    const { hasEvent } = used
    used.hasEvent = false
    // Without events the entries are checked later, when the next change is sure to have another time.
    if (used.isEntries && used.folder.isPolled && after.isFresh) return
    if (isSameFileState(before, after, used.file, hasEvent)) {
      if (before.changed !== after.changed) used.state = { ...after, digest: before.digest }
      return
    }
    // With the digest: the save may write the same content again.
    used.state = withDigest(after, used.file)
    followLink(used)
    if (!used.isEntries && isHalfWritten(before, after)) {
      used.heldReport ??= setTimeout(report, holdMs[after.kind as keyof typeof holdMs], used).unref()
    } else if (used.heldReport === undefined || !isGone(used)) {
      report(used)
    }
  }

  /** Whether a file is missing or empty: a save may do both, one after the other. */
  function isGone({ state }: WatchedPath): boolean {
    return state.kind === 'none' || (state.kind === 'file' && state.size === 0n)
  }

  /** Watches the new target of a symbolic link. */
  function followLink(used: WatchedPath): void {
    if (used.isEntries) return
    const real = linkedPath(used.file, used.folder)
    if (real === used.real) return
    const { realFolder } = used
    detach(used)
    used.real = real
    used.realFolder = real === undefined ? undefined : watchers.get(dirname(real))
    attach(used)
    if (realFolder !== undefined) watchers.prune(realFolder)
    // The target may have changed before it was watched.
    queue.add(used)
  }

  function report(used: WatchedPath): void {
    clearTimeout(used.heldReport)
    used.heldReport = undefined
    used.changedAt = used.changedBy = Date.now()
    if (areGlobsReady) emit(used)
    else void emitWhenReady(used)
  }

  /** Waits for the globs of `--ignore`, which are loaded while the first pages are sent. */
  async function emitWhenReady(used: WatchedPath): Promise<void> {
    await ignore.ready
    areGlobsReady = true
    emit(used)
  }

  function emit({ path }: WatchedPath): void {
    if (!isClosed && !ignore.matches(path)) onChange(path, false)
  }

  async function startGlobWatcher(): Promise<GlobWatcher | undefined> {
    if (options.globs.length === 0) return undefined
    try {
      return await watchGlobs({
        globs: options.globs,
        cwd,
        ignore: ignoredByGlobs(options.ignore, served, cwd),
        pollMs: options.pollMs,
        onChange: (path) => (isClosed ? undefined : onChange(path, true)),
        onError: warnOfGlobs,
      })
    } catch (error) {
      warnOfGlobs(error)
      return undefined
    }
  }

  function warnOfGlobs(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    onWarning({
      code: 'W8008_WATCH',
      message: `Some files that the option "watch" names cannot be watched: ${reason}.`,
    })
  }

  function unwatch(path: string): void {
    const used = uses.get(path) as WatchedPath
    uses.delete(path)
    clearTimeout(used.heldReport)
    detach(used)
    watchers.prune(used.folder)
    if (used.realFolder !== undefined) watchers.prune(used.realFolder)
  }

  return {
    use(paths) {
      for (const path of paths) use(path)
    },
    changedAt: (path) => uses.get(path)?.changedAt ?? 0,
    changedBy: (path) => uses.get(path)?.changedBy ?? 0,
    trim(isUsed) {
      const gone: string[] = []
      if (watchers.size <= maxFolders && uses.size <= maxUses) return gone
      for (let left = Math.min(trimmedPaths, uses.size); left > 0; left--) {
        let next = trimming.next()
        if (next.done === true) next = (trimming = uses.keys()).next()
        const path = next.value as string
        if (isUsed(path)) continue
        unwatch(path)
        gone.push(path)
      }
      return gone
    },
    async close() {
      isClosed = true
      queue.close()
      poll.close()
      watchers.close()
      for (const { heldReport } of uses.values()) clearTimeout(heldReport)
      uses.clear()
      await (await globWatcher)?.close()
    },
  }
}
