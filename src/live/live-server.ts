import { dirname, resolve, sep } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Filter, Layer } from '../http/message/exchange.ts'
import type { Warning } from '../core/warning.ts'
import { hexHash } from '../core/util/hash.ts'
import { createChangeBatcher } from './tracking/change-batcher.ts'
import { createEndpoints } from './endpoints.ts'
import { Hub } from './hub.ts'
import { createInject } from './inject/inject.ts'
import type { ShownError } from './protocol.ts'
import { createRequestLog } from './tracking/request-log.ts'
import type { LiveOptions, Update, WatchDependencies } from './types.ts'
import { folderChangedAt } from './watch/file-system.ts'
import { createWatch } from './watch/watch.ts'

/** Milliseconds between two looks at files where the system reports no changes. */
const pollMs = 300

/** New paths after which it is looked for what is used no more: each brings a handful of files, far fewer than are looked at. */
const trimEvery = 200

/** What {@link createLiveServer} needs. */
export interface LiveServerOptions extends LiveOptions {
  /** Path prefix of the endpoints, `<base>__serve8008/`. */
  readonly prefix: string
  /** Proof that somebody may read our pages, or was given it by the program. */
  readonly token: () => string
}

/** The working part of live reload. */
export interface LiveServer {
  /** Its addresses that ask for a token themselves. */
  readonly tokenEndpoints: Layer
  /** Its other addresses. */
  readonly publicEndpoints: Layer
  readonly inject: Filter
  /** Notes a request: from then on no change of its files is missed. */
  trackRequest(path: string, referer: string | undefined): void
  reload(paths?: readonly string[]): Update
  notify(message: string): void
  showError(error: ShownError | null): void
  close(): Promise<void>
}

/** Makes the engine, which starts to watch what is asked for. */
export function createLiveServer(options: LiveServerOptions): LiveServer {
  const { prefix, folders } = options
  let isEnding = false
  let firstChangeAt: number | undefined
  let asked = 0

  const isServed = (path: string): boolean =>
    folders.some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep))

  function sourcesOf(path: string): WatchDependencies {
    if (++asked % trimEvery === 0) unwatchUnused()
    const sources = options.sourcesOf(path)
    watch.use(sources.files)
    return sources
  }

  /** What no open page uses is watched only as long as it is not too much: a crawler must not fill the memory. */
  function unwatchUnused(): void {
    const gone = watch.trim((file) => hub.isUsed(file))
    if (gone.length > 0) requestLog.forget(new Set(gone))
  }

  const batcher = createChangeBatcher({
    send(paths) {
      options.onChange(withoutFoldersOf(paths))
      const since = firstChangeAt
      firstChangeAt = undefined
      update(paths, since)
    },
    onQuiet: () => hub.answerWaiting(),
  })
  const requestLog = createRequestLog((path) => sourcesOf(path).files)
  const hub = new Hub({
    maxPages: options.maxPages,
    sourcesOf,
    changedAt: (file) => watch.changedAt(file),
    changedBy: (file) => watch.changedBy(file),
    goneAt: folderChangedAt,
    isGathering: batcher.isGathering,
    requestLog: requestLog,
    onRemoved: (files, pages) => updated({ paths: withoutFoldersOf(files), pages, ms: 0 }),
    onConsole: (page, level, text) => options.onConsole({ page, level, text }),
  })

  /** Files that were watched for their own sake, and that no page uses: every page may depend on them. */
  const globMatches = new Set<string>()

  function change(path: string, isGlobMatch: boolean): void {
    firstChangeAt ??= performance.now()
    if (isGlobMatch) globMatches.add(path)
    batcher.add(path)
  }

  /** Tells pages of changed files. What no page uses concerns all of them if it is not served, or was to be watched. */
  function update(paths: readonly string[], since = performance.now()): Update {
    // What failed has probably been mended; whoever knows better shows the error again.
    hub.showError(null)
    const concernsAll = paths.some((path) => !hub.isUsed(path) && (globMatches.has(path) || !isServed(path)))
    globMatches.clear()
    const pages = concernsAll ? hub.reloadAll() : hub.sendChanges(paths)
    return updated({ paths: withoutFoldersOf(paths), pages, ms: performance.now() - since })
  }

  function updated(done: Update): Update {
    options.onUpdate(done)
    return done
  }

  function reload(paths?: readonly string[]): Update {
    if (paths !== undefined) return update([...new Set(withFilesBelow(paths.map((path) => resolve(path))))])
    hub.showError(null)
    return updated({ paths: [], pages: hub.reloadAll(), ms: 0 })
  }

  /** A folder, such as that of a build, stands for what pages use of it. */
  function withFilesBelow(paths: readonly string[]): string[] {
    const used = hub.usedFiles()
    const within = (folder: string): string[] =>
      used.has(folder) ? [] : [...used].filter((file) => file.startsWith(folder.endsWith(sep) ? folder : folder + sep))
    return paths.flatMap((path) => [path, ...within(path)])
  }

  const endpoints = createEndpoints({
    prefix,
    isEnding: () => isEnding,
    token: options.token,
    settings: {
      site: hexHash(folders.join('\0')),
      reload: options.reload,
      toast: options.toast,
      console: options.console,
      cached: options.cached,
    },
    isFull: () => hub.isFull,
    admit: (socket) => hub.admit(socket),
    reload: (paths) => reload(paths).pages,
  })

  const watch = createWatch({
    folders,
    ignore: options.ignore,
    globs: options.watch,
    cwd: folders[0] ?? '',
    pollMs: options.poll ? pollMs : undefined,
    onChange: change,
    onWarning: options.onWarning,
  })

  return {
    tokenEndpoints: endpoints.tokenEndpoints,
    publicEndpoints: endpoints.publicEndpoints,
    trackRequest: requestLog.add,
    inject: createInject({
      script: endpoints.script,
      isOn: () => !isEnding,
      pageBytes: options.pageBytes,
      onBlocked: (path, missing) => options.onWarning(blockedWarning(path, missing)),
    }),
    reload,
    notify: (message) => hub.notify(message),
    showError: (error) => hub.showError(error && plainError(error)),
    async close() {
      isEnding = true
      batcher.close()
      hub.close()
      await watch.close()
    },
  }
}

/** A save that renames changes the entries of the folder too, but what was saved is the file. */
function withoutFoldersOf(paths: readonly string[]): readonly string[] {
  const folders = new Set(paths.flatMap((path) => (path.endsWith(sep) ? [] : [dirname(path) + sep])))
  return paths.filter((path) => !folders.has(path))
}

/** Compilers colour what they say. */
function plainError({ message, frame, ...more }: ShownError): ShownError {
  const plain = frame === undefined ? {} : { frame: stripVTControlCharacters(frame) }
  return { ...more, message: stripVTControlCharacters(message), ...plain }
}

function blockedWarning(path: string, missing: string): Warning {
  return {
    code: 'W8008_LIVE_BLOCKED',
    message: `The Content-Security-Policy of ${path} blocks live reload.`,
    hint: `allow ${missing} in the policy, or switch live reload off`,
  }
}
