import type { WebSocket } from 'ws'
import { PageResources } from './tracking/page-resources.ts'
import { parseMessage, maxPaths } from './message.ts'
import type { Change, FromPage, ToPage } from './protocol.ts'
import type { WatchDependencies } from '../static/watch-dependencies.ts'

/** Most bytes that wait for a page that does not read. Then its connection ends, and the page reconnects when it can. */
const pendingBytes = 1024 * 1024
/** Most console texts of one page within a second. */
const textsPerSecond = 20

/** Milliseconds that a page has to send its hello: a silent connection counts towards `limits.livePages`. */
const helloMs = 10_000

/** Events of a page. */
export interface PageEvents {
  /** The page reported resources: call {@link Page.resolveNext} when there is time. */
  resourcesReported(page: Page): void
  /** Every path of its hello has been resolved. */
  hello(page: Page): void
  /** Files of a later report changed before they were resolved; {@link Page.takeChanged} returns them. */
  changedMeanwhile(page: Page): void
  /** The page logged an error. */
  console(page: Page, level: string, text: string): void
  closed(page: Page): void
}

/** Facts about files that a page needs. */
export interface FileFacts {
  /** The files that decide what a path answers. They are watched from now on. */
  readonly dependenciesOf: (path: string) => WatchDependencies
  /** When a file last changed, in milliseconds since 1970. */
  readonly changedAt: (file: string) => number
  /** Upper bound of {@link changedAt}: times of the file system may be older than the clock. */
  readonly changedBy: (file: string) => number
  /** When the nearest existing folder above a file last got or lost an entry, in milliseconds since 1970. */
  readonly folderChangedAt: (file: string) => number
}

/** One connected page and the files that it uses. */
export class Page {
  /** Path of the document; empty until the page has sent its hello. */
  document = ''
  /** Server time up to which the page has every change, in milliseconds since 1970. */
  syncedAt = 0
  /** Lower bound of the server time at which the page was loaded, in milliseconds since 1970; 0 if it has reconnected. */
  loadedAt = 0
  /** Path at which an embedding program mounted this server. The paths of the page begin with it. */
  readonly mount: string
  /** Whether its hello has been answered. Before that a message does not cover the changes that the page missed. */
  isAnswered = false
  readonly #resources = new PageResources(maxPaths)
  /** Changes of missing files, and every change while the document is missing. */
  readonly #deferred = new Map<string, Change['kind']>()
  /** Paths that are not resolved yet, each with the time of the report. The oldest come first. */
  readonly #unresolved = new Map<string, number>()
  /** Paths whose files changed before they were watched, each with one such file. */
  readonly #changed = new Map<string, string>()
  readonly #socket: WebSocket
  readonly #files: FileFacts
  readonly #events: PageEvents
  readonly #helloTimer: NodeJS.Timeout
  #alive = true
  #texts = { second: 0, count: 0 }
  #isGreeted = false
  /** Whether the page was connected before, and may have missed changes since. */
  #isReconnected = false

  constructor(socket: WebSocket, sources: FileFacts, events: PageEvents, mount = '') {
    this.mount = mount
    this.#socket = socket
    this.#files = sources
    this.#events = events
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : parseMessage((data as Buffer).toString())
      if (message === undefined) this.#closeForViolation()
      else this.#receive(message)
    })
    socket.on('ping', (data) => {
      if (this.#isReading()) socket.pong(data)
    })
    socket.on('pong', () => (this.#alive = true))
    // `close` follows each error of the connection, and the page reconnects.
    socket.on('error', () => {})
    this.#helloTimer = setTimeout(() => socket.terminate(), helloMs).unref()
    socket.once('close', () => {
      clearTimeout(this.#helloTimer)
      this.#unresolved.clear()
      events.closed(this)
    })
  }

  /** Every file that the page uses. */
  get files(): Iterable<string> {
    return this.#resources.files
  }

  /** The paths under which the page uses a file. */
  pathsOf(file: string): Iterable<string> {
    return this.#resources.pathsOf(file)
  }

  /** The files that decide what a path of the page answers; none for a path of the embedding program. */
  dependenciesOf(path: string): WatchDependencies {
    const isOurs = this.mount === '' || path.startsWith(`${this.mount}/`)
    return isOurs ? this.#files.dependenciesOf(path.slice(this.mount.length)) : { files: [], isMissing: false }
  }

  uses(file: string): boolean {
    return this.#resources.uses(file)
  }

  /** Whether a file has changed since the page last was up to date. */
  hasChanged(file: string): boolean {
    const { changedAt, changedBy } = this.#files
    // A save just before the server ended was reported to no page, so a page that reconnects gets the upper bound: one
    // update too many does no harm. A page that was just loaded has every change from before its request.
    return (this.#isReconnected ? changedBy(file) : changedAt(file)) > this.syncedAt
  }

  /** Whether the page has loaded something from a path. */
  hasLoaded(path: string): boolean {
    return path === this.document || this.#resources.has(path) || this.#unresolved.has(path)
  }

  /** Whether changes wait until their files are back. */
  get hasDeferred(): boolean {
    return this.#deferred.size > 0
  }

  /**
   * Adds changes, and returns those to send now. A build that empties its folder first must not make the page show a
   * listing: a change of a missing file waits until the file is back, and every change waits for the document.
   */
  deferMissing(
    changes: ReadonlyMap<string, Change['kind']>,
    isMissing: (path: string) => boolean,
  ): Map<string, Change['kind']> {
    for (const [path, kind] of changes) this.#deferred.set(path, kind)
    const isGone = (path: string): boolean => this.#resources.existed(path) && isMissing(path)
    if (isGone(this.document)) return new Map()
    const ready = new Map([...this.#deferred].filter(([path]) => !isGone(path)))
    for (const path of ready.keys()) this.#deferred.delete(path)
    return ready
  }

  /** Removes and returns the changes that wait. */
  takeDeferred(): Map<string, Change['kind']> {
    const kept = new Map(this.#deferred)
    this.#deferred.clear()
    return kept
  }

  send(message: ToPage): void {
    if ('time' in message && this.isAnswered) this.syncedAt = message.time
    if (this.#isReading()) this.#socket.send(JSON.stringify(message))
  }

  /** Whether the page reads its messages. If it does not, the connection ends. */
  #isReading(): boolean {
    if (this.#socket.bufferedAmount <= pendingBytes) return true
    this.#socket.terminate()
    return false
  }

  /** Sends a ping. Ends the connection if the page has not answered the last one. */
  ping(): void {
    if (!this.#alive) return this.#socket.terminate()
    this.#alive = false
    this.#socket.ping()
  }

  /** Ends the connection because the server closes: 1001, going away (RFC 6455 section 7.4.1). */
  disconnect(): void {
    this.#socket.close(1001)
    this.#socket.terminate()
  }

  /** Removes and returns what changed before it was resolved. */
  takeChanged(): [path: string, file: string][] {
    const missed = [...this.#changed]
    this.#changed.clear()
    return missed
  }

  /** Resolves one reported path; true when there are more. Resolving thousands at once would delay other requests. */
  resolveNext(): boolean {
    for (const [path, reportedAt] of this.#unresolved) {
      this.#unresolved.delete(path)
      if (!this.#resources.has(path)) this.#resolve(path, reportedAt)
      break
    }
    if (this.#unresolved.size > 0) return true
    if (!this.#isGreeted) {
      this.#isGreeted = true
      this.#events.hello(this)
    } else if (this.#changed.size > 0) this.#events.changedMeanwhile(this)
    return false
  }

  #resolve(path: string, reportedAt: number): void {
    const dependencies = this.dependenciesOf(path)
    const { files, isMissing } = dependencies
    this.#resources.add(path, dependencies, this.document)
    const [first] = files
    if (first === undefined) return
    if (this.#isGreeted) {
      const changed = files.find((file) => this.#files.changedAt(file) > reportedAt)
      if (changed !== undefined) this.#changed.set(path, changed)
    } else if (this.#isReconnected && isMissing && this.#files.folderChangedAt(first) > this.syncedAt) {
      // The file may have been removed while the page was not connected. If it never existed, this costs one reload, and
      // only where the folder has changed: the reloaded page sends its age, not `syncedAt`.
      this.#changed.set(path, first)
    }
  }

  #receive(message: FromPage): void {
    if (message.type === 'console') return this.#log(message.level, message.text)
    if (message.type === 'hello') {
      if (this.document !== '') return this.#closeForViolation()
      clearTimeout(this.#helloTimer)
      this.document = message.document
      // A page that was just loaded sends its age, a page that reconnects sends `syncedAt`. A late hello would make the
      // page seem younger than it is, so the age counts from `ageAt`. On a busy machine the page seems older, and the
      // change that reloaded it would reload it again, so `loadedAfter` is a lower bound.
      const now = Date.now()
      const beganAt = Math.min(message.ageAt ?? now, now) - (message.age ?? 0)
      this.syncedAt = message.syncedAt ?? Math.max(beganAt, Math.min(message.loadedAfter ?? 0, now))
      this.#isReconnected = message.syncedAt !== undefined
      if (!this.#isReconnected) this.loadedAt = this.syncedAt
      this.#enqueue(message.document)
    } else if (this.document === '') {
      return this.#closeForViolation()
    }
    for (const path of message.resources) this.#enqueue(path)
    this.#dropOldest()
    this.#events.resourcesReported(this)
  }

  /** Closes with 1008, policy violation (RFC 6455 section 7.4.1), and reads no more messages. */
  #closeForViolation(): void {
    this.#socket.close(1008)
    this.#socket.pause()
  }

  #enqueue(path: string): void {
    if (!this.#unresolved.has(path)) this.#unresolved.set(path, Date.now())
  }

  /** Drops the oldest unresolved paths in one loop: finding the first entry of a map that has lost many is slow. */
  #dropOldest(): void {
    let excess = this.#unresolved.size - maxPaths - 1
    for (const path of this.#unresolved.keys()) {
      if (excess <= 0) return
      if (path === this.document) continue
      this.#unresolved.delete(path)
      excess--
    }
  }

  #log(level: string, text: string): void {
    const second = Math.floor(Date.now() / 1000)
    if (this.#texts.second !== second) this.#texts = { second, count: 0 }
    if (++this.#texts.count <= textsPerSecond) this.#events.console(this, level, text)
  }
}
