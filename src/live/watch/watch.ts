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
import { isHalfWritten, isSameState, readFileState, withDigest } from './file-state.ts'

/** Milliseconds between two looks at a path where no events come and the user asked for no other time. */
const defaultPollMs = 300
/** Milliseconds for which an emptied file is not reported, for the rest of the save, and a vanished one, for the rest of a build. */
const holdMs = { file: 50, none: 300 } as const
/** Watched folders, and paths in use, up to which nothing is let go of. */
const defaultMaxFolders = 2000
const maxUses = 20_000
/** Paths that are looked at in one go: more would keep requests waiting. */
const trimmedPaths = 2000

/** What {@link createWatch} needs. */
export interface WatchOptions {
  /** Absolute served folders. What lies below one is ignored by its path relative to it, so serving `node_modules/x/docs` itself works. */
  readonly folders: readonly string[]
  /** Globs of the user whose matches are never watched (`--ignore`), relative to the served folder or absolute. */
  readonly ignore: readonly string[]
  /** Extra globs, files or folders (`--watch`), absolute or relative to `cwd`. */
  readonly globs: readonly string[]
  readonly cwd: string
  /** Look at files every so many milliseconds instead of listening to the system; undefined: only where it is needed. */
  readonly pollMs: number | undefined
  /** Called at once for each path in use whose state has become another one, and for each match of `extra` that was added, changed or removed. */
  readonly onChange: (path: string, isExtra: boolean) => void
  readonly onWarning: (warning: Warning) => void
  /** Watched folders from which on {@link Watch.trim} lets go; 2000 by default. */
  readonly maxFolders?: number
}

/** Watching of what pages use. */
export interface Watch {
  /**
   * From the return of this call on no change of these paths is missed. Absolute paths of files, present or not; a path
   * with a final separator means the entries of that folder (names coming and going). Cheap: meant for the request path.
   */
  use(paths: readonly string[]): void
  /** When a path in use last changed: ms since 1970 on this clock; at first sight its ctime (clamped to now), 0 for a path that is missing or unknown. */
  changedAt(path: string): number
  /** The same at the latest: the ctime of what has not changed under our eyes may lag behind the clock by a tick. */
  changedBy(path: string): number
  /**
   * Lets go of what is used no more once there are more than `maxFolders` watched folders, or 20,000 paths. Each call
   * looks at 2000 paths, from where the one before ended. Returns what it let go of: `use` has to be called again for
   * what is asked for again.
   */
  trim(isUsed: (path: string) => boolean): readonly string[]
  close(): Promise<void>
}

/** Watches the folders of the paths in use, never a tree. An event is a hint only: what counts is what there is to see. */
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
      isIgnoredBelow(path, served) ||
      ignore.matches(path) ||
      isBelowMissingFolders(path)
    )
      return
    const isEntries = path.length > 1 && (path.endsWith(sep) || path.endsWith('/'))
    const file = isEntries ? path.slice(0, -1) : path
    const folder = watchers.get(isEntries ? file : dirname(file))
    // The folder is watched before the file is looked at, so that nothing gets lost in between.
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
    // Where no event will come, a look is put off until the next change is sure to leave another time.
    if (used.isEntries && used.folder.isPolled && after.isFresh) return
    if (isSameState(before, after, used.file, hasEvent)) {
      if (before.changed !== after.changed) used.state = { ...after, digest: before.digest }
      return
    }
    // With its content: the rest of the save may touch the file once more.
    used.state = withDigest(after, used.file)
    followLink(used)
    if (!used.isEntries && isHalfWritten(before, after)) {
      used.heldReport ??= setTimeout(report, holdMs[after.kind as keyof typeof holdMs], used).unref()
    } else if (used.heldReport === undefined || !isGone(used)) {
      report(used)
    }
  }

  /** Emptied and then removed, or the other way round: still the middle of a save. */
  function isGone({ state }: WatchedPath): boolean {
    return state.kind === 'none' || (state.kind === 'file' && state.size === 0n)
  }

  /** A link that leads to another place is watched there from now on. */
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
    // The place may have changed before it was watched.
    queue.add(used)
  }

  function report(used: WatchedPath): void {
    clearTimeout(used.heldReport)
    used.heldReport = undefined
    used.changedAt = used.changedBy = Date.now()
    if (areGlobsReady) emit(used)
    else void emitWhenReady(used)
  }

  /** The user's globs are loaded while the first pages are on their way. */
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
    onWarning({ code: 'W8008_WATCH', message: `Not everything that was to be watched can be: ${reason}.` })
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
