import type { WebSocket } from 'ws'
import { PageResources } from './tracking/page-resources.ts'
import { parseMessage, maxPaths } from './message.ts'
import type { Change, FromPage, ToPage } from './protocol.ts'
import type { WatchDependencies } from './types.ts'

/** Bytes that may wait for a page that does not read; then it is let go, and comes again when it can. */
const pendingBytes = 1024 * 1024
/** Console texts that are taken from one page within a second. */
const textsPerSecond = 20

/** Milliseconds for a page to say hello: one that does not holds a place for nothing. */
const helloMs = 10_000

/** What a page does. */
export interface PageEvents {
  /** It said which resources it holds: {@link Page.resolveNext} is to be called, as soon as there is time. */
  resourcesReported(page: Page): void
  /** All that it said in its hello has been learned. */
  hello(page: Page): void
  /** Something that it said later had changed before it was learned; {@link Page.takeChanged} tells what. */
  changedMeanwhile(page: Page): void
  /** An error that was logged on the page. */
  console(page: Page, level: string, text: string): void
  closed(page: Page): void
}

/** What a page needs to know of files. */
export interface PageSources {
  /** The files that decide what a path answers, watched from now on. */
  readonly sourcesOf: (path: string) => WatchDependencies
  /** When a file last changed, in milliseconds since 1970. */
  readonly changedAt: (file: string) => number
  /** The same at the latest, where only the file system tells. */
  readonly changedBy: (file: string) => number
  /** When something last came to, or went from, the nearest folder that is there on the way to a file. */
  readonly goneAt: (file: string) => number
}

/** One open page and what it uses. */
export class Page {
  /** The page's own path; empty until it has said hello. */
  document = ''
  /** Server time up to which the page has heard of every change. */
  syncedAt = 0
  /** Whether its hello has been answered: until then what it is told of tells it nothing of what it missed. */
  isAnswered = false
  readonly #held = new PageResources(maxPaths)
  /** What is gone, and what has changed since the document went. */
  readonly #kept = new Map<string, Change['kind']>()
  /** Paths that are still to be learned, and when the page told of each. The oldest come first. */
  readonly #waiting = new Map<string, number>()
  /** What changed before it was watched: paths, each with a file. */
  readonly #missed = new Map<string, string>()
  readonly #socket: WebSocket
  readonly #sources: PageSources
  readonly #events: PageEvents
  readonly #patience: NodeJS.Timeout
  #alive = true
  #texts = { second: 0, count: 0 }
  #isGreeted = false
  /** Whether it has heard from a server before, and so may have been without one for a while. */
  #isBack = false

  constructor(socket: WebSocket, sources: PageSources, events: PageEvents) {
    this.#socket = socket
    this.#sources = sources
    this.#events = events
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : parseMessage((data as Buffer).toString())
      if (message === undefined) this.#refuse()
      else this.#take(message)
    })
    socket.on('ping', (data) => {
      if (this.#isReading()) socket.pong(data)
    })
    socket.on('pong', () => (this.#alive = true))
    // What is wrong with a page's connection concerns nobody but the page: `close` follows.
    socket.on('error', () => {})
    this.#patience = setTimeout(() => socket.terminate(), helloMs).unref()
    socket.once('close', () => {
      clearTimeout(this.#patience)
      this.#waiting.clear()
      events.closed(this)
    })
  }

  /** Every file that the page uses. */
  get files(): Iterable<string> {
    return this.#held.files
  }

  /** The paths under which the page uses a file. */
  pathsOf(file: string): Iterable<string> {
    return this.#held.pathsOf(file)
  }

  uses(file: string): boolean {
    return this.#held.uses(file)
  }

  /** Whether a file has changed since the page last was up to date. */
  hasChanged(file: string): boolean {
    const { changedAt, changedBy } = this.#sources
    // What was saved just before the server ended was told by nobody, so better once too often. A page that is loaded
    // again has whatever was there before its request.
    return (this.#isBack ? changedBy(file) : changedAt(file)) > this.syncedAt
  }

  /** Whether the page has loaded something from a path. */
  hasLoaded(path: string): boolean {
    return path === this.document || this.#held.has(path) || this.#waiting.has(path)
  }

  /** Whether it is still to hear of something. */
  get hasDeferred(): boolean {
    return this.#kept.size > 0
  }

  /**
   * Takes changes, and returns those that the page is to hear of now. A build that empties its folder first must not
   * lead the page to a listing: what is gone is kept until it is there again, and with the page's document everything.
   */
  deferMissing(
    changes: ReadonlyMap<string, Change['kind']>,
    isMissing: (path: string) => boolean,
  ): Map<string, Change['kind']> {
    for (const [path, kind] of changes) this.#kept.set(path, kind)
    const isGone = (path: string): boolean => this.#held.existed(path) && isMissing(path)
    if (isGone(this.document)) return new Map()
    const ready = new Map([...this.#kept].filter(([path]) => !isGone(path)))
    for (const path of ready.keys()) this.#kept.delete(path)
    return ready
  }

  /** What was kept, once. */
  takeDeferred(): Map<string, Change['kind']> {
    const kept = new Map(this.#kept)
    this.#kept.clear()
    return kept
  }

  send(message: ToPage): void {
    if ('time' in message && this.isAnswered) this.syncedAt = message.time
    if (this.#isReading()) this.#socket.send(JSON.stringify(message))
  }

  /** False, and the end of the connection, for a page that does not take what waits for it. */
  #isReading(): boolean {
    if (this.#socket.bufferedAmount <= pendingBytes) return true
    this.#socket.terminate()
    return false
  }

  /** Asks for a sign of life; without one since the last time the page is given up. */
  ping(): void {
    if (!this.#alive) return this.#socket.terminate()
    this.#alive = false
    this.#socket.ping()
  }

  /** Ends the connection: the server goes away (RFC 6455 section 7.4.1). */
  disconnect(): void {
    this.#socket.close(1001)
    this.#socket.terminate()
  }

  /** What changed before it was learned of, once. */
  takeChanged(): [path: string, file: string][] {
    const missed = [...this.#missed]
    this.#missed.clear()
    return missed
  }

  /** Learns one of the paths that the page told of; true when there are more. Thousands at once would keep others waiting. */
  resolveNext(): boolean {
    for (const [path, toldAt] of this.#waiting) {
      this.#waiting.delete(path)
      if (!this.#held.has(path)) this.#look(path, toldAt)
      break
    }
    if (this.#waiting.size > 0) return true
    if (!this.#isGreeted) {
      this.#isGreeted = true
      this.#events.hello(this)
    } else if (this.#missed.size > 0) this.#events.changedMeanwhile(this)
    return false
  }

  #look(path: string, toldAt: number): void {
    const sources = this.#sources.sourcesOf(path)
    const { files, isMissing } = sources
    this.#held.add(path, sources, this.document)
    const [first] = files
    if (first === undefined) return
    if (this.#isGreeted) {
      const changed = files.find((file) => this.#sources.changedAt(file) > toldAt)
      if (changed !== undefined) this.#missed.set(path, changed)
    } else if (this.#isBack && isMissing && this.#sources.goneAt(first) > this.syncedAt) {
      // Nobody saw it go. A page that is loaded again says how old it is instead, so this comes to an end: were the file
      // never there, it costs one reload, and that only where the folder has changed.
      this.#missed.set(path, first)
    }
  }

  #take(message: FromPage): void {
    if (message.type === 'console') return this.#log(message.level, message.text)
    if (message.type === 'hello') {
      if (this.document !== '') return this.#refuse()
      clearTimeout(this.#patience)
      this.document = message.document
      // A page that has just been loaded knows how old it is; one that comes again, what it last heard.
      // Its hello may have been held up, and it would seem to be younger than it is. On a busy machine it seems to be
      // older, and what it was reloaded for would reload it once more: that much it is known to have heard.
      const now = Date.now()
      const beganAt = Math.min(message.ageAt ?? now, now) - (message.age ?? 0)
      this.syncedAt = message.syncedAt ?? Math.max(beganAt, Math.min(message.loadedAfter ?? 0, now))
      this.#isBack = message.syncedAt !== undefined
      this.#wait(message.document)
    } else if (this.document === '') {
      return this.#refuse()
    }
    for (const path of message.resources) this.#wait(path)
    this.#bound()
    this.#events.resourcesReported(this)
  }

  /** Ends the connection of a page that breaks the rules (RFC 6455 section 7.4.1), without reading what else it sends. */
  #refuse(): void {
    this.#socket.close(1008)
    this.#socket.pause()
  }

  #wait(path: string): void {
    if (!this.#waiting.has(path)) this.#waiting.set(path, Date.now())
  }

  /** Drops the oldest of what waits, in one go: to look for the first of a map that has lost many takes long. */
  #bound(): void {
    let excess = this.#waiting.size - maxPaths - 1
    for (const path of this.#waiting.keys()) {
      if (excess <= 0) return
      if (path === this.document) continue
      this.#waiting.delete(path)
      excess--
    }
  }

  #log(level: string, text: string): void {
    const second = Math.floor(Date.now() / 1000)
    if (this.#texts.second !== second) this.#texts = { second, count: 0 }
    if (++this.#texts.count <= textsPerSecond) this.#events.console(this, level, text)
  }
}
