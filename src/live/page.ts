import type { WebSocket } from 'ws'
import { parseMessage, maxPaths } from './message.ts'
import type { FromPage, ToPage } from './protocol.ts'

/** Bytes that may wait for a page that does not read; then it is let go, and comes again when it can. */
const pendingBytes = 1024 * 1024
/** Console texts that are taken from one page within a second. */
const textsPerSecond = 20

/** Milliseconds for a page to say hello: one that does not holds a place for nothing. */
const helloMs = 10_000

/** What a page does. */
export interface PageEvents {
  /** It said which resources it holds, first or further ones. */
  hello(page: Page): void
  /** An error that was logged on the page. */
  console(page: Page, level: string, text: string): void
  gone(page: Page): void
}

/** One open page and what it uses. */
export class Page {
  /** The page's own path; empty until it has said hello. */
  document = ''
  /** Server time up to which the page has heard of every change. */
  syncedAt = 0
  /** The paths under which the page uses each file. */
  readonly #files = new Map<string, Set<string>>()
  readonly #paths = new Set<string>()
  readonly #socket: WebSocket
  readonly #sourcesOf: (path: string) => readonly string[]
  readonly #events: PageEvents
  readonly #patience: NodeJS.Timeout
  #alive = true
  #texts = { second: 0, count: 0 }

  /** @param sourcesOf the files that decide what a path answers. */
  constructor(socket: WebSocket, sourcesOf: (path: string) => readonly string[], events: PageEvents) {
    this.#socket = socket
    this.#sourcesOf = sourcesOf
    this.#events = events
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : parseMessage((data as Buffer).toString())
      if (message === undefined) socket.close(1008)
      else this.#take(message)
    })
    socket.on('pong', () => (this.#alive = true))
    // What is wrong with a page's connection concerns nobody but the page: `close` follows.
    socket.on('error', () => {})
    this.#patience = setTimeout(() => socket.terminate(), helloMs).unref()
    socket.once('close', () => {
      clearTimeout(this.#patience)
      events.gone(this)
    })
  }

  /** Every file that the page uses. */
  get files(): Iterable<string> {
    return this.#files.keys()
  }

  /** The paths under which the page uses a file. */
  pathsOf(file: string): Iterable<string> {
    return this.#files.get(file) ?? []
  }

  uses(file: string): boolean {
    return this.#files.has(file)
  }

  /** Whether the page has loaded something from a path. */
  holds(path: string): boolean {
    return path === this.document || this.#paths.has(path)
  }

  send(message: ToPage): void {
    if ('time' in message) this.syncedAt = message.time
    if (this.#socket.bufferedAmount > pendingBytes) this.#socket.terminate()
    else this.#socket.send(JSON.stringify(message))
  }

  /** Asks for a sign of life; without one since the last time the page is given up. */
  beat(): void {
    if (!this.#alive) return this.#socket.terminate()
    this.#alive = false
    this.#socket.ping()
  }

  /** Ends the connection: the server goes away (RFC 6455 section 7.4.1). */
  leave(): void {
    this.#socket.close(1001)
    this.#socket.terminate()
  }

  #take(message: FromPage): void {
    if (message.type === 'console') return this.#log(message.level, message.text)
    if (message.type === 'hello') {
      if (this.document !== '') return this.#socket.close(1008)
      clearTimeout(this.#patience)
      this.document = message.document
      // A page that has just been loaded knows how old it is; one that comes again, what it last heard.
      this.syncedAt = message.syncedAt ?? Date.now() - (message.age ?? 0)
      this.#learn([message.document])
    } else if (this.document === '') {
      return this.#socket.close(1008)
    }
    this.#learn(message.resources)
    if (message.type === 'hello') this.#events.hello(this)
  }

  #learn(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#paths.has(path) || this.#paths.size >= maxPaths) continue
      this.#paths.add(path)
      for (const file of this.#sourcesOf(path)) {
        const known = this.#files.get(file)
        if (known === undefined) this.#files.set(file, new Set([path]))
        else known.add(path)
      }
    }
  }

  #log(level: string, text: string): void {
    const second = Math.floor(Date.now() / 1000)
    if (this.#texts.second !== second) this.#texts = { second, count: 0 }
    if (++this.#texts.count <= textsPerSecond) this.#events.console(this, level, text)
  }
}
