import { resolve, sep } from 'node:path'
import { createRequire } from 'node:module'
import type * as Crypto from 'node:crypto'
import type { ResolvedLive } from '../config/types.ts'
import type { Exchange, Filter, Handler, Layer } from '../http/exchange.ts'
import type { Warning } from '../server/types.ts'
import { createBatches } from './batches.ts'
import { createControl } from './control.ts'
import { Hub } from './hub.ts'
import { createInject } from './inject.ts'
import type { ShownError } from './protocol.ts'
import { createSeen } from './seen.ts'
import { createWatch, type Watch } from './watch/watch.ts'

export type { ShownError } from './protocol.ts'

/** Milliseconds between two looks at files where the system reports no changes. */
const pollMs = 300

/** New paths after which it is looked for what is used no more. */
const tidyAfter = 1000

/** What changed, and how many pages heard of it. */
export interface Update {
  /** Absolute paths; empty when every page was told to reload. */
  readonly paths: readonly string[]
  /** Pages that were told. */
  readonly pages: number
  /** Milliseconds from the first of the changes to the last message. */
  readonly ms: number
}

/** What a page logged. */
export interface PageError {
  /** Path of the page. */
  readonly page: string
  /** `error` for console.error, `exception` and `rejection` for what nobody caught. */
  readonly level: string
  /** Anything: not safe to print as it is. */
  readonly text: string
}

/** What {@link createLive} needs. */
export interface LiveOptions extends ResolvedLive {
  /** Path prefix of the whole server, with a slash at both ends. */
  readonly base: string
  /** Absolute served folders. */
  readonly folders: readonly string[]
  /** Whether browsers may keep files without asking again. */
  readonly cached: boolean
  readonly maxPages: number
  /** The files that decide what a request path answers. */
  readonly sourcesOf: (path: string) => readonly string[]
  readonly onChange: (paths: readonly string[]) => void
  readonly onUpdate: (update: Update) => void
  readonly onConsole: (error: PageError) => void
  readonly onWarning: (warning: Warning) => void
}

/** Live reload: what the pipeline takes in, and what a program calls. */
export interface Live {
  /** Its addresses that ask for a token themselves; they come before the password. */
  readonly proven: Layer
  /** Its other addresses. */
  readonly open: Layer
  /** Notes what is asked for; it stands just before the files. */
  readonly note: Layer
  /** Gives pages the client. */
  readonly inject: Filter
  /** Proof that somebody may call for a reload; another one for each server. */
  readonly token: string
  /** From now on pages get the client. */
  start(): void
  /** Reloads what concerns these files, or every page. */
  reload(paths?: readonly string[]): Update
  notify(message: string): void
  showError(error: ShownError | undefined): void
  close(): Promise<void>
}

/** Makes live reload; it is off until it is started. Nothing is watched before something was asked for. */
export function createLive(options: LiveOptions): Live {
  const { base, folders, sourcesOf } = options
  let isOn = false
  let isEnding = false
  let watch: Watch | undefined
  let token = ''
  let firstChangeAt = 0
  let asked = 0

  const isServed = (path: string): boolean =>
    folders.some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep))

  function filesOf(path: string): readonly string[] {
    if (++asked % tidyAfter === 0) tidy()
    const files = sourcesOf(path)
    watch?.use(files)
    return files
  }

  /** What no open page uses is watched only as long as it is not too much: a crawler must not fill the memory. */
  function tidy(): void {
    const used = hub.usedFiles()
    if (watch?.trim((file) => used.has(file)) === true) seen.clear()
  }

  const batches = createBatches({
    send(paths) {
      options.onChange(paths)
      update(paths, firstChangeAt)
    },
    onQuiet: () => hub.answerWaiting(),
  })
  const seen = createSeen(filesOf)
  const hub = new Hub({
    maxPages: options.maxPages,
    filesOf,
    changedAt: (file) => watch?.changedAt(file) ?? 0,
    isGathering: batches.isGathering,
    seen,
    onConsole: (page, level, text) => options.onConsole({ page, level, text }),
  })

  /** Files that were watched for their own sake, and that no page uses: every page may depend on them. */
  const extras = new Set<string>()

  function change(path: string, isExtra: boolean): void {
    if (!batches.isGathering()) firstChangeAt = performance.now()
    if (isExtra) extras.add(path)
    batches.add(path)
  }

  /** Tells pages of changed files. What no page uses concerns all of them if it is not served, or was to be watched. */
  function update(paths: readonly string[], since: number): Update {
    // What failed has probably been mended; whoever knows better shows the error again.
    hub.showError(null)
    const concernsAll = paths.some((path) => !hub.isUsed(path) && (extras.has(path) || !isServed(path)))
    extras.clear()
    const pages = concernsAll ? hub.reloadAll() : hub.tell(paths)
    return updated({ paths, pages, ms: performance.now() - since })
  }

  function updated(done: Update): Update {
    options.onUpdate(done)
    return done
  }

  function reload(paths?: readonly string[]): Update {
    if (paths !== undefined) return update([...new Set(paths.map((path) => resolve(path)))], performance.now())
    hub.showError(null)
    return updated({ paths: [], pages: hub.reloadAll(), ms: 0 })
  }

  const control = createControl({
    base,
    isOn: () => isOn,
    isEnding: () => isEnding,
    token: () => (token ||= newToken()),
    settings: { reload: options.reload, toast: options.toast, console: options.console, cached: options.cached },
    isFull: () => hub.isFull,
    admit: (socket) => hub.admit(socket),
    reload: (paths) => reload(paths).pages,
  })

  const note: Layer = (next: Handler) => (x: Exchange) => {
    if (isOn && (x.method === 'GET' || x.method === 'HEAD')) seen.note(x.target.path, x.headers.get('referer'))
    return next(x)
  }

  return {
    proven: control.proven,
    open: control.open,
    note,
    inject: createInject({
      script: control.script,
      isOn: () => isOn,
      onBlocked: (path, missing) => options.onWarning(blockedWarning(path, missing)),
    }),
    get token() {
      return (token ||= newToken())
    },
    start() {
      isOn = true
      watch = createWatch({
        folders,
        ignore: options.ignore,
        extra: options.watch,
        cwd: folders[0] ?? '',
        pollMs: options.poll ? pollMs : undefined,
        onChange: change,
        onWarning: options.onWarning,
      })
    },
    reload,
    notify: (message) => hub.notify(message),
    showError: (error) => hub.showError(error ?? null),
    async close() {
      isOn = false
      isEnding = true
      batches.close()
      hub.close()
      await watch?.close()
    },
  }
}

/** 256 bits. Loaded here: node:crypto costs milliseconds of start-up. */
function newToken(): string {
  const { randomBytes } = createRequire(import.meta.url)('node:crypto') as typeof Crypto
  return randomBytes(32).toString('base64url')
}

function blockedWarning(path: string, missing: string): Warning {
  return {
    code: 'W8008_LIVE_BLOCKED',
    message: `The Content-Security-Policy of ${path} blocks live reload.`,
    hint: `${missing} in the policy, or no live reload`,
  }
}
