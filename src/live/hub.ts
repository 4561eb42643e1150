import { basename } from 'node:path'
import type { WebSocket } from 'ws'
import { mediaType } from '../http/message/media-type.ts'
import { Page, type PageEvents, type PageSources } from './page.ts'
import type { Change, ShownError, ToPage } from './protocol.ts'
import type { RequestLog } from './tracking/request-log.ts'
import { createWorkQueue } from './work-queue.ts'

/** Milliseconds between two signs of life of a page. */
const heartbeatMs = 30_000

/** Milliseconds for a file that is gone to come back: a build empties its folder and writes it again. */
const missingMs = 5000

/** What a {@link Hub} needs to know. */
export interface HubOptions extends PageSources {
  /** Pages that are served at the same time. */
  readonly maxPages: number
  /** Whether changes are being gathered, so that pages hear of them soon anyway. */
  readonly isGathering: () => boolean
  readonly requestLog: RequestLog
  /** Called when pages have heard of files that did not come back, with how many pages. */
  readonly onRemoved: (files: readonly string[], pages: number) => void
  /** Called with an error that a page logged. */
  readonly onConsole: (document: string, level: string, text: string) => void
}

/** Every open page. */
export class Hub implements PageEvents {
  readonly #options: HubOptions
  /** Those that have not said hello yet count too. */
  readonly #pages = new Set<Page>()
  /** Pages whose hello came while changes were being gathered. */
  readonly #waiting = new Set<Page>()
  /** Pages that told of paths which are still to be learned: path by path, a page's in turn with those of the others. */
  readonly #learning = createWorkQueue<Page>((page) => {
    if (page.resolveNext()) this.#learning.add(page)
  })
  #heartbeat: NodeJS.Timeout | undefined
  #goneTimer: NodeJS.Timeout | undefined
  /** Files of which pages are still to hear. */
  readonly #goneFiles = new Set<string>()
  #error: ShownError | null = null
  /** When every page was last told to reload, in milliseconds since 1970. */
  #reloadedAt = 0

  constructor(options: HubOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    return this.#pages.size >= this.#options.maxPages
  }

  /** Takes a page in whose socket has just been opened. */
  admit(socket: WebSocket): void {
    if (this.isFull) return socket.close(1013)
    this.#pages.add(new Page(socket, this.#options, this))
    this.#heartbeat ??= setInterval(() => {
      for (const page of this.#pages) page.ping()
    }, heartbeatMs).unref()
  }

  /** Whether any page uses a file. */
  isUsed(file: string): boolean {
    for (const page of this.#pages) if (page.uses(file)) return true
    return false
  }

  /** All files that pages use. */
  usedFiles(): Set<string> {
    return new Set([...this.#pages].flatMap((page) => [...page.files]))
  }

  /** Tells each page which of its files have changed. Returns how many there were to tell. */
  sendChanges(files: readonly string[]): number {
    const known = new Map<string, boolean>()
    const isMissing = (path: string): boolean => {
      const isMissing = known.get(path) ?? this.#options.sourcesOf(path).isMissing
      known.set(path, isMissing)
      return isMissing
    }
    const claimed = this.#claims(files)
    const told = this.#send([...claimed].map(([page, changes]) => [page, page.deferMissing(changes, isMissing)]))
    if ([...claimed.keys()].some((page) => page.hasDeferred)) this.#await(files)
    this.answerWaiting()
    return told
  }

  #send(changes: Iterable<readonly [Page, ReadonlyMap<string, Change['kind']>]>): number {
    const time = Date.now()
    let told = 0
    for (const [page, those] of changes) {
      if (those.size === 0) continue
      page.send({ type: 'change', time, changes: changesOf(those) })
      told++
    }
    return told
  }

  #await(files: readonly string[]): void {
    for (const file of files) this.#goneFiles.add(file)
    clearTimeout(this.#goneTimer)
    this.#goneTimer = setTimeout(() => this.#giveUpGone(), missingMs).unref()
  }

  /** What has not come back by now has been removed. */
  #giveUpGone(): void {
    const files = [...this.#goneFiles]
    this.#goneFiles.clear()
    const told = this.#send([...this.#pages].map((page) => [page, page.takeDeferred()]))
    if (told > 0) this.#options.onRemoved(files, told)
  }

  /** Answers pages whose hello came in the midst of changes. */
  answerWaiting(): void {
    for (const page of this.#waiting) this.#answer(page)
    this.#waiting.clear()
  }

  /** Has every page reload. Returns how many there were. */
  reloadAll(): number {
    this.#waiting.clear()
    const time = (this.#reloadedAt = Date.now())
    return this.#broadcast({ type: 'reload', time })
  }

  notify(message: string): void {
    this.#broadcast({ type: 'notify', message })
  }

  /** Shows an error on every page, also on those that are opened later; null takes it away. */
  showError(error: ShownError | null): void {
    if (this.#error === error) return
    this.#error = error
    this.#broadcast({ type: 'error', error })
  }

  close(): void {
    clearInterval(this.#heartbeat)
    clearTimeout(this.#goneTimer)
    this.#learning.close()
    for (const page of this.#pages) page.disconnect()
  }

  resourcesReported(page: Page): void {
    this.#learning.add(page)
  }

  changedMeanwhile(page: Page): void {
    const changes = new Map(takeChanges(page))
    page.send({ type: 'change', time: Date.now(), changes: changesOf(changes) })
  }

  hello(page: Page): void {
    if (this.#error !== null) page.send({ type: 'error', error: this.#error })
    if (this.#options.isGathering()) this.#waiting.add(page)
    else this.#answer(page)
  }

  #answer(page: Page): void {
    const changes = new Map(this.#changesSinceSync(page))
    const time = Date.now()
    page.isAnswered = true
    // It was loaded before that, and had not said hello. Clocks here tell whole milliseconds: a page that has just been
    // reloaded may seem to be one older.
    if (page.syncedAt + 1 < this.#reloadedAt) return page.send({ type: 'reload', time })
    page.send(changes.size === 0 ? { type: 'welcome', time } : { type: 'change', time, changes: changesOf(changes) })
  }

  console(page: Page, level: string, text: string): void {
    this.#options.onConsole(page.document, level, text)
  }

  closed(page: Page): void {
    this.#pages.delete(page)
    this.#waiting.delete(page)
    if (this.#pages.size > 0) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }

  #broadcast(message: ToPage): number {
    const pages = [...this.#pages].filter(({ document }) => document !== '')
    for (const page of pages) page.send(message)
    return pages.length
  }

  /** Which pages these files concern, and by which of their paths. */
  #claims(files: readonly string[]): Map<Page, Map<string, Change['kind']>> {
    const claimed = new Map<Page, Map<string, Change['kind']>>()
    const unclaimed = new Set<string>()
    for (const file of files) {
      let isClaimed = false
      for (const page of this.#pages) {
        if (!page.uses(file)) continue
        isClaimed = true
        for (const path of page.pathsOf(file)) addChange(claimed, page, path, kindFor(page, path, file))
      }
      if (!isClaimed) unclaimed.add(file)
    }
    if (unclaimed.size === 0 || this.#pages.size === 0) return claimed
    for (const [path, askers] of this.#options.requestLog.referersOf(unclaimed)) {
      for (const page of this.#pages) {
        if (askers.some((asker) => page.hasLoaded(asker))) addChange(claimed, page, path, 'other')
      }
    }
    return claimed
  }

  /** What has changed since a page last was up to date. */
  *#changesSinceSync(page: Page): Iterable<[path: string, kind: Change['kind']]> {
    for (const file of page.files) {
      if (!page.hasChanged(file)) continue
      for (const path of page.pathsOf(file)) yield [path, kindFor(page, path, file)]
    }
    yield* takeChanges(page)
  }
}

/** What changed before the page's paths were learned. */
function takeChanges(page: Page): [path: string, kind: Change['kind']][] {
  return page.takeChanged().map(([path, file]) => [path, kindFor(page, path, file)])
}

function addChange(
  claimed: Map<Page, Map<string, Change['kind']>>,
  page: Page,
  path: string,
  kind: Change['kind'],
): void {
  const changes = claimed.get(page)
  if (changes === undefined) claimed.set(page, new Map([[path, kind]]))
  else changes.set(path, kind)
}

function changesOf(changes: ReadonlyMap<string, Change['kind']>): Change[] {
  return Array.from(changes, ([path, kind]) => ({ path, kind }))
}

/** What a changed file is to a page. */
function kindFor(page: Page, path: string, file: string): Change['kind'] {
  // Whatever brought about another answer: a folder that is there now, a page that stands in.
  if (path === page.document) return 'document'
  const type = mediaType(basename(file))
  if (type.startsWith('text/css')) return 'style'
  if (type.startsWith('text/html') || type.startsWith('application/xhtml+xml')) return 'document'
  return /^(?:image|font|audio|video)\//.test(type) ? 'media' : 'other'
}
