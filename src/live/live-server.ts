import { readFileSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Filter } from '../http/message/exchange.ts'
import type { Warning } from '../core/warning.ts'
import { hexHash } from '../core/util/hash.ts'
import { createChangeBatcher } from './tracking/change-batcher.ts'
import type { LiveControl } from '../control/endpoints.ts'
import { Hub } from './hub.ts'
import { createInject } from './inject/inject.ts'
import { createRequestLog } from './tracking/request-log.ts'
import type { WatchDependencies } from '../static/watch-dependencies.ts'
import type { LiveOptions } from './options.ts'
import type { ShownError, Update } from './types.ts'
import { folderChangedAt } from './watch/file-system.ts'
import { createWatch } from './watch/watch.ts'

/** Milliseconds between two reads of the state of files with `--poll`. */
const pollMs = 300

/** Resolved paths between two searches for unused files. Each path adds few files; one search checks 2000. */
const trimEvery = 200

/** Most mounts for which pages are cached: a program can have one with a parameter, such as `/:tenant`. */
const keptMounts = 16

/** The part of live reload that is loaded with the first request: watching and pages. */
export interface LiveServer {
  /** What the control endpoints act on. */
  readonly control: LiveControl
  readonly inject: Filter
  /** Records a request: no change of its files is missed from then on. */
  trackRequest(path: string, referer: string | undefined): void
  reload(paths?: readonly string[]): Update
  foldersChanged(): void
  notify(message: string): void
  showError(error: ShownError | null): void
  close(): Promise<void>
}

/** Makes the live server. It watches the files of each path that it resolves. */
export function createLiveServer(options: LiveOptions): LiveServer {
  const { folders } = options
  const [top = ''] = folders()
  const client = clientScript()
  let isEnding = false
  let firstChangeAt: number | undefined
  let asked = 0

  const isServed = (path: string): boolean =>
    folders().some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep))

  function dependenciesOf(path: string): WatchDependencies {
    if (++asked % trimEvery === 0) unwatchUnused()
    const all = options.dependenciesOf(path)
    const files = [...new Set(all.flatMap((each) => each.files))]
    watch.use(files)
    return { files, isMissing: all.length > 0 && all.every(({ isMissing }) => isMissing) }
  }

  /** Stops watching files that no connected page uses, once there are many: a crawler must not fill the memory. */
  function unwatchUnused(): void {
    const gone = watch.trim((file) => hub.isUsed(file))
    if (gone.length > 0) requestLog.forget(new Set(gone))
  }

  const batcher = createChangeBatcher({
    send(paths) {
      const files = withoutFoldersOf(paths)
      options.onChange(files)
      const since = firstChangeAt
      firstChangeAt = undefined
      const globbed = new Set(globMatches)
      globMatches.clear()
      // One batch after the other: a build for the first must not end behind that for the second.
      const claimed = turn === undefined ? options.claim(files) : turn.then(() => options.claim(files))
      if (claimed === undefined) return void update(paths, since, globbed)
      const mine = claimed.then((claim) => {
        if (turn === mine) turn = undefined
        if (isEnding || claim?.length === 0) return
        update(claim === undefined ? paths : absolute(claim), since, globbed)
      })
      turn = mine
    },
    onQuiet: () => hub.answerPending(),
  })
  const requestLog = createRequestLog((path) => dependenciesOf(path).files)
  const hub = new Hub({
    count: options.pages,
    dependenciesOf,
    changedAt: (file) => watch.changedAt(file),
    changedBy: (file) => watch.changedBy(file),
    folderChangedAt,
    errorOf,
    isCollecting: batcher.isCollecting,
    requestLog,
    onRemoved: (files, pages) => report({ paths: withoutFoldersOf(files), pages, ms: 0 }),
    onConsole: (page, level, text) => options.onConsole({ page, level, text }),
  })

  /** A page that a layer or a proxy answered is another one, although its path is that of the index page. */
  async function errorOf(document: string): Promise<ShownError | undefined> {
    const index = join(top, 'index.html')
    return requestLog.has(document, index) ? options.indexError() : undefined
  }

  /** Ends when plugins have handled every batch of changes so far. */
  let turn: Promise<void> | undefined
  /** Changed files that a glob of `--watch` matches: a build may make any page from them. */
  const globMatches = new Set<string>()

  function change(path: string, isGlobMatch: boolean): void {
    firstChangeAt ??= performance.now()
    if (isGlobMatch) globMatches.add(path)
    batcher.add(path)
  }

  /** Updates pages. A file that no page uses reloads all pages if it is not served, or if `--watch` names it. */
  function update(
    paths: readonly string[],
    since = performance.now(),
    globbed: ReadonlySet<string> = globMatches,
  ): Update {
    // A save has probably fixed the error. A build that fails again shows it again.
    hub.showError(null)
    const concernsAll = paths.some((path) => !hub.isUsed(path) && (globbed.has(path) || !isServed(path)))
    const pages = concernsAll ? hub.reloadAll() : hub.sendChanges(paths)
    return report({ paths: withoutFoldersOf(paths), pages, ms: performance.now() - since })
  }

  function report(done: Update): Update {
    options.onUpdate(done)
    return done
  }

  function reload(paths?: readonly string[]): Update {
    if (paths !== undefined) return update(absolute(paths))
    hub.showError(null)
    return report({ paths: [], pages: hub.reloadAll(), ms: 0 })
  }

  function absolute(paths: readonly string[]): readonly string[] {
    return [...new Set(withFilesBelow(paths.map((path) => resolve(path))))]
  }

  /** Adds the files that pages use below each folder in a list: a build may report its output folder. */
  function withFilesBelow(paths: readonly string[]): string[] {
    const used = hub.usedFiles()
    const within = (folder: string): string[] =>
      used.has(folder) ? [] : [...used].filter((file) => file.startsWith(folder.endsWith(sep) ? folder : folder + sep))
    return paths.flatMap((path) => [path, ...within(path)])
  }

  const control: LiveControl = {
    script: client,
    settings: {
      site: hexHash(folders().join('\0')),
      reload: options.reload,
      toast: options.toast,
      console: options.console,
      cached: options.cached,
    },
    isFull: () => hub.isFull,
    async connect(x) {
      const { acceptWebSocket } = await import('./handshake.ts')
      return acceptWebSocket(x, (socket) => hub.admit(socket, x.notes.mount))
    },
    reload: (paths) => options.reloadSites(paths).pages,
  }

  const watch = createWatch({
    folders,
    ignore: options.ignore,
    globs: options.watch,
    cwd: top,
    pollMs: options.poll ? pollMs : undefined,
    onChange: change,
    onWarning: options.onWarning,
  })

  /** By mount of an embedding program. */
  const injectors = new Map<string, Filter>()

  function injectorAt(mount: string): Filter {
    const known = injectors.get(mount)
    if (known !== undefined) return known
    const made = createInject({
      script: `${mount}${options.controlPath}live.js?v=${client.version}`,
      isOn: () => !isEnding,
      pageBytes: options.pageBytes,
      onBlocked: (path, missing) => options.onWarning(blockedWarning(path, missing)),
    })
    const [oldest] = injectors.size < keptMounts ? [] : injectors.keys()
    if (oldest !== undefined) injectors.delete(oldest)
    injectors.set(mount, made)
    return made
  }

  return {
    control,
    trackRequest: requestLog.add,
    inject: (reply, x) => injectorAt(x.notes.mount ?? '')(reply, x),
    reload,
    foldersChanged() {
      // The files of a path may be others now.
      requestLog.clear()
      reload()
    },
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

/** Drops the folder of a changed file: a save that renames also changes the entries of the folder. */
function withoutFoldersOf(paths: readonly string[]): readonly string[] {
  const folders = new Set(paths.flatMap((path) => (path.endsWith(sep) ? [] : [dirname(path) + sep])))
  return paths.filter((path) => !folders.has(path))
}

/** Compilers colour their output with escape sequences, which a page cannot show. */
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

// Source and built files both lie two folders below the package root.
const file = new URL('../../dist/client/live.js', import.meta.url)
let script: LiveControl['script'] | undefined

/** Reads the client script, once in a process. */
function clientScript(): LiveControl['script'] {
  if (script === undefined) {
    const content = readFileSync(file)
    script = { content, version: hexHash(content.toString('latin1')) }
  }
  return script
}
