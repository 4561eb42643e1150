import { dirname, relative, resolve } from 'node:path'
import type { FSWatcher } from 'chokidar'
import { createGlobs, isIgnoredName, slashed, type Globs } from './ignored.ts'
import { isSameState, readFileState, type FileState } from './file-state.ts'

/** chokidar drops changes that come within 50 ms of another one of the same file. */
const againMs = 60

/** What {@link watchGlobs} needs. */
export interface GlobWatcherOptions {
  /** Globs, files or folders, absolute or relative to `cwd`; a folder means everything below. */
  readonly globs: readonly string[]
  readonly cwd: string
  readonly ignore: Globs
  readonly pollMs: number | undefined
  /** A matching file came, changed or went. */
  readonly onChange: (path: string) => void
  readonly onError: (error: unknown) => void
}

/** Watching that has been set up. */
export interface GlobWatcher {
  close(): Promise<void>
}

/** One of the globs: where it starts, and what it matches there. */
interface Pattern {
  readonly base: string
  /** A folder that is there, and stays when a build makes the base again: chokidar forgets a path of its own that goes. */
  readonly anchor: string
  readonly matches: (path: string) => boolean
}

/** Watches files for their own sake, whether or not a page uses them. What is there at the start is no change. */
export async function watchGlobs(options: GlobWatcherOptions): Promise<GlobWatcher> {
  const { cwd, ignore, pollMs, onChange, onError } = options
  const [{ watch }, patterns] = await Promise.all([import('chokidar'), compile(options.globs, cwd), ignore.ready])
  const files = new Map<string, Recent>()

  /** Reports a file, and looks again later: chokidar may drop its last change. */
  function report(path: string): void {
    const recent = files.get(path)
    const state = readFileState(path, false)
    if (recent !== undefined && isSameState(recent.state, state, path, true)) return
    clearTimeout(recent?.timer)
    files.set(path, { state, timer: setTimeout(again, againMs, path).unref() })
    onChange(path)
  }

  function again(path: string): void {
    const recent = files.get(path)
    if (recent === undefined) return
    if (isSameState(recent.state, readFileState(path, false), path, true)) files.delete(path)
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
    // A path with brackets in it may be meant as it is.
    if (!isGlob || readFileState(resolve(cwd, glob), false).kind !== 'none') {
      const start = resolve(cwd, glob)
      return { base: start, anchor: anchorOf(start, cwd), matches: (path) => path === start || isBelow(start, path) }
    }
    const start = resolve(cwd, base)
    const test = picomatch(rest, { dot: true })
    return { base: start, anchor: anchorOf(start, cwd), matches: (path) => test(slashed(relative(start, path))) }
  })
}

/** The folder above the working directory for what is below it, else the nearest folder above that is there. */
function anchorOf(base: string, cwd: string): string {
  const project = dirname(cwd)
  if (isBelow(project, base)) return project
  let folder = dirname(base)
  while (readFileState(folder, false).kind !== 'folder' && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** Whether a path leads from an anchor to its base. */
function isOnTheWay({ base, anchor }: Pattern, path: string): boolean {
  return isBelow(path, base) && (path === anchor || isBelow(anchor, path))
}

function isBelow(folder: string, path: string): boolean {
  const below = slashed(relative(folder, path))
  return below !== '' && below !== '..' && !below.startsWith('../') && resolve(folder, below) === path
}

/** Whether a name on the way from the base of a glob is ignored; a base within `node_modules` was chosen on purpose. */
function isIgnoredFrom(base: string, path: string): boolean {
  if (path === base) return false
  return (
    !isBelow(base, path) ||
    slashed(relative(base, path))
      .split('/')
      .some((name) => isIgnoredName(name))
  )
}

/** The user's globs of what to ignore, as they count for files that are watched for their own sake. */
export function ignoredByGlobs(ignore: readonly string[], folders: readonly string[], cwd: string): Globs {
  return createGlobs(ignore, [...folders, cwd])
}
