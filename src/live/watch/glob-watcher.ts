import { dirname, relative, resolve } from 'node:path'
import type { FSWatcher } from 'chokidar'
import { createGlobs, isIgnoredName, slashed, type Globs } from './ignored.ts'
import { isSameFileState, readFileState, type FileState } from './file-state.ts'

/** Milliseconds after a change until the file is read again: chokidar drops a second change within 50 ms. */
const againMs = 60

/** What {@link watchGlobs} needs. */
export interface GlobWatcherOptions {
  /** Globs, files or folders, absolute or relative to `cwd`. A folder means all files below it. */
  readonly globs: readonly string[]
  readonly cwd: string
  readonly ignore: Globs
  readonly pollMs: number | undefined
  /** Called when a matching file was added, changed or removed. */
  readonly onChange: (path: string) => void
  readonly onError: (error: unknown) => void
}

/** A running watch of globs. */
export interface GlobWatcher {
  close(): Promise<void>
}

/** A compiled glob. */
interface Pattern {
  readonly base: string
  /** An existing folder above the base. chokidar forgets a path that is removed, and a build may remove the base. */
  readonly anchor: string
  readonly matches: (path: string) => boolean
}

/** Watches the files that match globs, whether or not a page uses them. Files that exist at the start are no change. */
export async function watchGlobs(options: GlobWatcherOptions): Promise<GlobWatcher> {
  const { cwd, ignore, pollMs, onChange, onError } = options
  const [{ watch }, patterns] = await Promise.all([import('chokidar'), compile(options.globs, cwd), ignore.ready])
  const files = new Map<string, Recent>()

  /** Reports a file, and reads its state again later, because chokidar may have dropped its last change. */
  function report(path: string): void {
    const recent = files.get(path)
    const state = readFileState(path, false)
    if (recent !== undefined && isSameFileState(recent.state, state, path, true)) return
    clearTimeout(recent?.timer)
    files.set(path, { state, timer: setTimeout(again, againMs, path).unref() })
    onChange(path)
  }

  function again(path: string): void {
    const recent = files.get(path)
    if (recent === undefined) return
    if (isSameFileState(recent.state, readFileState(path, false), path, true)) files.delete(path)
    else report(path)
  }

  const watcher: FSWatcher = watch([...new Set(patterns.map(({ anchor }) => anchor))], {
    ignoreInitial: true,
    persistent: true,
    ...(pollMs === undefined ? {} : { usePolling: true, interval: pollMs, binaryInterval: pollMs }),
    ignored(given, stats) {
      const path = resolve(given)
      if (patterns.some((pattern) => isOnTheWay(pattern, path))) return false
      if (ignore.matches(path) || patterns.every(({ base }) => isIgnoredFrom(base, path))) return true
      return stats?.isFile() === true && !patterns.some(({ matches }) => matches(path))
    },
  })
  const matching = (path: string): void => {
    if (patterns.some(({ matches }) => matches(resolve(path)))) report(resolve(path))
  }
  watcher.on('add', matching).on('change', matching).on('unlink', matching).on('error', onError)

  return {
    async close() {
      for (const { timer } of files.values()) clearTimeout(timer)
      files.clear()
      await watcher.close()
    },
  }
}

interface Recent {
  readonly state: FileState
  readonly timer: NodeJS.Timeout
}

async function compile(globs: readonly string[], cwd: string): Promise<Pattern[]> {
  const { default: picomatch } = await import('picomatch')
  return globs.map((glob) => {
    const whole = slashed(glob)
    const { isGlob, base, glob: rest } = picomatch.scan(whole)
    // A path with brackets may be a file name, not a glob.
    if (!isGlob || readFileState(resolve(cwd, glob), false).kind !== 'none') {
      const start = resolve(cwd, glob)
      return { base: start, anchor: anchorOf(start, cwd), matches: (path) => path === start || isBelow(start, path) }
    }
    const start = resolve(cwd, base)
    const test = picomatch(rest, { dot: true })
    return { base: start, anchor: anchorOf(start, cwd), matches: (path) => test(slashed(relative(start, path))) }
  })
}

/** The folder above the working directory for paths below that, else the nearest existing folder above the base. */
function anchorOf(base: string, cwd: string): string {
  const project = dirname(cwd)
  if (isBelow(project, base)) return project
  let folder = dirname(base)
  while (readFileState(folder, false).kind !== 'folder' && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** Whether a path is between the anchor of a pattern and its base. */
function isOnTheWay({ base, anchor }: Pattern, path: string): boolean {
  return isBelow(path, base) && (path === anchor || isBelow(anchor, path))
}

function isBelow(folder: string, path: string): boolean {
  const below = slashed(relative(folder, path))
  return below !== '' && below !== '..' && !below.startsWith('../') && resolve(folder, below) === path
}

/** Whether a name below the base of a glob is ignored. The base itself may be in `node_modules`: the user named it. */
function isIgnoredFrom(base: string, path: string): boolean {
  if (path === base) return false
  return (
    !isBelow(base, path) ||
    slashed(relative(base, path))
      .split('/')
      .some((name) => isIgnoredName(name))
  )
}

/** The globs of `--ignore`, for files that `--watch` matches: relative to the working directory too. */
export function ignoredByGlobs(ignore: readonly string[], folders: () => readonly string[], cwd: string): Globs {
  return createGlobs(ignore, () => [...folders(), cwd])
}
