import { basename } from 'node:path'
import type { WebSocket } from 'ws'
import { isHtml, mediaType } from '../http/message/media-type.ts'
import { Page, type PageEvents, type FileFacts } from './page.ts'
import type { Change, ToPage } from './protocol.ts'
import type { PageCount } from './options.ts'
import type { ShownError } from './types.ts'
import type { RequestLog } from './tracking/request-log.ts'
import { createWorkQueue } from './work-queue.ts'

/** Milliseconds between two pings of a page. */
const heartbeatMs = 30_000

/** Milliseconds that a missing file has to come back: a build empties its folder and writes it again. */
const missingMs = 5000

/** What a {@link Hub} needs. */
export interface HubOptions extends FileFacts {
  /** How many pages are connected, and how many may be. */
  readonly count: PageCount
  /** An error to show on the page at this path; undefined if there is none. */
  readonly errorOf: (document: string) => Promise<ShownError | undefined>
  /** Whether a batch of changes is being collected. Pages get it soon, so the answer to a hello waits for it. */
  readonly isCollecting: () => boolean
  readonly requestLog: RequestLog
  /** Called after pages were updated for files that did not come back, with the number of pages. */
  readonly onRemoved: (files: readonly string[], pages: number) => void
  /** Called with an error that a page logged. */
  readonly onConsole: (document: string, level: string, text: string) => void
}

/** Every connected page. */
export class Hub implements PageEvents {
  readonly #options: HubOptions
  /** Includes pages that have not sent their hello yet. */
  readonly #pages = new Set<Page>()
  /** Pages whose hello came while a batch was being collected. */
  readonly #unanswered = new Set<Page>()
  /** Pages with reported paths that are not resolved yet. Pages take turns, one path at a time. */
  readonly #resolving = createWorkQueue<Page>((page) => {
    if (page.resolveNext()) this.#resolving.add(page)
  })
  #heartbeat: NodeJS.Timeout | undefined
  #missingTimer: NodeJS.Timeout | undefined
  /** Missing files whose changes wait in pages. */
  readonly #missingFiles = new Set<string>()
  #error: ShownError | null = null
  /** When every page was last reloaded, in milliseconds since 1970. */
  #reloadedAt = 0

  constructor(options: HubOptions) {
    this.#options = options
  }

  get isFull(): boolean {
    const { open, most } = this.#options.count
    return open >= most
  }

  /**
   * Adds the page of a socket that has just opened.
   *
   * @param mount Where an embedding program mounted this server: the paths of its pages begin with it.
   */
  admit(socket: WebSocket, mount = ''): void {
    if (this.isFull) return socket.close(1013)
    this.#options.count.open++
    this.#pages.add(new Page(socket, this.#options, this, mount))
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

  /** Sends each page the changes of its files. Returns the number of pages that got a message. */
  sendChanges(files: readonly string[]): number {
    const known = new Map<string, boolean>()
    const isMissing = (path: string, page: Page): boolean => {
      const answer = known.get(path) ?? page.dependenciesOf(path).isMissing
      known.set(path, answer)
      return answer
    }
    const byPage = this.#changesByPage(files)
    const sent = this.#sendEach(
      [...byPage].map(([page, changes]) => [page, page.deferMissing(changes, (path) => isMissing(path, page))]),
    )
    if ([...byPage.keys()].some((page) => page.hasDeferred)) this.#awaitReturn(files)
    this.answerPending()
    return sent
  }

  #sendEach(changes: Iterable<readonly [Page, ReadonlyMap<string, Change['kind']>]>): number {
    const time = Date.now()
    let sent = 0
    for (const [page, those] of changes) {
      if (those.size === 0) continue
      page.send({ type: 'change', time, changes: changesOf(those) })
      sent++
    }
    return sent
  }

  #awaitReturn(files: readonly string[]): void {
    for (const file of files) this.#missingFiles.add(file)
    clearTimeout(this.#missingTimer)
    this.#missingTimer = setTimeout(() => this.#reportRemoved(), missingMs).unref()
  }

  /** Files that have not come back by now have been removed: pages get the changes that waited for them. */
  #reportRemoved(): void {
    const files = [...this.#missingFiles]
    this.#missingFiles.clear()
    const sent = this.#sendEach([...this.#pages].map((page) => [page, page.takeDeferred()]))
    if (sent > 0) this.#options.onRemoved(files, sent)
  }

  /** Answers pages whose hello came while a batch was being collected. */
  answerPending(): void {
    for (const page of this.#unanswered) this.#answer(page)
    this.#unanswered.clear()
  }

  /** Reloads every page. Returns the number of pages. */
  reloadAll(): number {
    this.#unanswered.clear()
    const time = (this.#reloadedAt = Date.now())
    return this.#broadcast({ type: 'reload', time })
  }

  notify(message: string): void {
    this.#broadcast({ type: 'notify', message })
  }

  /** Shows an error on every page, also on pages that connect later. Null hides it. */
  showError(error: ShownError | null): void {
    if (this.#error === error) return
    this.#error = error
    this.#broadcast({ type: 'error', error })
  }

  close(): void {
    clearInterval(this.#heartbeat)
    clearTimeout(this.#missingTimer)
    this.#resolving.close()
    for (const page of this.#pages) page.disconnect()
  }

  resourcesReported(page: Page): void {
    this.#resolving.add(page)
  }

  changedMeanwhile(page: Page): void {
    const changes = new Map(takeChanges(page))
    page.send({ type: 'change', time: Date.now(), changes: changesOf(changes) })
  }

  hello(page: Page): void {
    if (this.#error !== null) page.send({ type: 'error', error: this.#error })
    else
      void this.#options.errorOf(page.document.slice(page.mount.length)).then((error) => {
        if (error !== undefined && this.#error === null && this.#pages.has(page)) page.send({ type: 'error', error })
      })
    if (this.#options.isCollecting()) this.#unanswered.add(page)
    else this.#answer(page)
  }

  #answer(page: Page): void {
    const changes = new Map(this.#changesSinceSync(page))
    const time = Date.now()
    page.isAnswered = true
    // The page was loaded before the last reload of all pages, and had not sent its hello then. Times here are whole
    // milliseconds, so a page that has just been reloaded may seem one millisecond older.
    if (page.syncedAt + 1 < this.#reloadedAt) return page.send({ type: 'reload', time })
    page.send(changes.size === 0 ? { type: 'welcome', time } : { type: 'change', time, changes: changesOf(changes) })
  }

  console(page: Page, level: string, text: string): void {
    this.#options.onConsole(page.document, level, text)
  }

  closed(page: Page): void {
    if (this.#pages.delete(page)) this.#options.count.open--
    this.#unanswered.delete(page)
    if (this.#pages.size > 0) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }

  #broadcast(message: ToPage): number {
    const pages = [...this.#pages].filter(({ document }) => document !== '')
    for (const page of pages) page.send(message)
    return pages.length
  }

  /** The changes of these files, by page. */
  #changesByPage(files: readonly string[]): Map<Page, Map<string, Change['kind']>> {
    const byPage = new Map<Page, Map<string, Change['kind']>>()
    const unusedFiles = new Set<string>()
    for (const file of files) {
      let isUsed = false
      for (const page of this.#pages) {
        if (!page.uses(file)) continue
        isUsed = true
        for (const path of page.pathsOf(file)) addChange(byPage, page, path, kindFor(page, path, file))
      }
      if (!isUsed) unusedFiles.add(file)
    }
    if (unusedFiles.size === 0 || this.#pages.size === 0) return byPage
    for (const [path, referers, askedAt] of this.#options.requestLog.referersOf(unusedFiles)) {
      for (const page of this.#pages) {
        if (!referers.some((referer) => page.hasLoaded(referer)) || this.#isOfBefore(page, page.mount + path, askedAt))
          continue
        addChange(byPage, page, page.mount + path, 'other')
      }
    }
    return byPage
  }

  /**
   * Whether a missing file was last asked for before the page was loaded: the page before it at the same path used it. Builds
   * give the next version of a file another name, and the old one is reported as removed when the next page has come.
   */
  #isOfBefore(page: Page, path: string, askedAt: number): boolean {
    return askedAt < page.loadedAt && page.dependenciesOf(path).isMissing
  }

  /** The changes since the page was last up to date. */
  *#changesSinceSync(page: Page): Iterable<[path: string, kind: Change['kind']]> {
    for (const file of page.files) {
      if (!page.hasChanged(file)) continue
      for (const path of page.pathsOf(file)) yield [path, kindFor(page, path, file)]
    }
    yield* takeChanges(page)
  }
}

/** Changes of files that happened before the page's paths were resolved. */
function takeChanges(page: Page): [path: string, kind: Change['kind']][] {
  return page.takeChanged().map(([path, file]) => [path, kindFor(page, path, file)])
}

function addChange(
  byPage: Map<Page, Map<string, Change['kind']>>,
  page: Page,
  path: string,
  kind: Change['kind'],
): void {
  const changes = byPage.get(page)
  if (changes === undefined) byPage.set(page, new Map([[path, kind]]))
  else changes.set(path, kind)
}

function changesOf(changes: ReadonlyMap<string, Change['kind']>): Change[] {
  return Array.from(changes, ([path, kind]) => ({ path, kind }))
}

/** What a changed file is for a page. */
function kindFor(page: Page, path: string, file: string): Change['kind'] {
  // The path may now have another answer: a folder replaced the file, or a fallback page is sent.
  if (path === page.document) return 'document'
  const type = mediaType(basename(file))
  if (type.startsWith('text/css')) return 'style'
  if (isHtml(type) || type.startsWith('application/xhtml+xml')) return 'document'
  return /^(?:image|font|audio|video)\//.test(type) ? 'media' : 'other'
}
