import { resolve } from 'node:path'
import type { Exchange, Filter, Handler, Layer } from '../http/message/exchange.ts'
import type { LiveControl } from '../control/endpoints.ts'
import { checkError, checkMessage, checkPaths } from './check-arguments.ts'
import type { LiveServer } from './live-server.ts'
import { asksForPage, documentKind, variedByPage } from './page-request.ts'
import type { LiveOptions } from './options.ts'
import type { ShownError, Update } from './types.ts'

/** Live reload: the parts that the pipeline uses, and the methods that programs call. */
export interface Live {
  /** Records requests. It comes just before the served files. */
  readonly trackRequests: Layer
  /** Adds the client script to pages. */
  readonly inject: Filter
  /** What the control endpoints act on; undefined where live reload is off or cannot be loaded. */
  control(): LiveControl | undefined | Promise<LiveControl | undefined>
  /** Turns live reload on: pages get the client from now on. */
  start(): void
  /** Turns live reload off again, because the server could not listen. */
  stop(): void
  /** Updates the pages that use these files, or reloads every page. */
  reload(paths?: readonly string[]): Update
  /** Called when other folders are served, at other paths: reloads every page. */
  foldersChanged(): void
  notify(message: string): void
  showError(error: ShownError | undefined): void
  close(): Promise<void>
}

/** What `reload()` returns where no page can be open. @throws ServeError E8008_CONFIG_INVALID */
export function noUpdate(paths: readonly string[] | undefined): Update {
  checkPaths(paths)
  return { paths: (paths ?? []).map((path) => resolve(path)), pages: 0, ms: 0 }
}

/**
 * Makes live reload; it is off until `start` is called, unless it is for an embedding program. Nothing is watched before the first request. The live server is
 * loaded with the first page, or after the first reply, so neither the start of the server nor its first reply waits.
 */
export function createLive(options: LiveOptions): Live {
  let isOn = options.isEmbedded
  let server: LiveServer | undefined
  let loading: Promise<LiveServer | undefined> | undefined
  let error: ShownError | undefined
  /** Requests before the live server was loaded. A change before it tracks them has a later time than the request. */
  const early: (readonly [path: string, referer: string | undefined])[] = []

  function load(): Promise<LiveServer | undefined> {
    loading ??= loadServer()
    return loading
  }

  /** When the live server cannot be loaded, pages are served without live reload. */
  async function loadServer(): Promise<LiveServer | undefined> {
    try {
      const { createLiveServer } = await import('./live-server.ts')
      server = createLiveServer(options)
      for (const [path, referer] of early.splice(0)) server.trackRequest(path, referer)
      if (error !== undefined) server.showError(error)
    } catch (cause) {
      isOn = false
      options.onWarning({ code: 'W8008_LIVE', message: `Live reload cannot start: ${String(cause)}.` })
    }
    return server
  }

  function trackRequest(x: Exchange): void {
    const referer = x.headers.get('referer')
    if (server !== undefined) return server.trackRequest(x.target.path, referer)
    early.push([x.target.path, referer])
    if (loading === undefined) setImmediate(() => void load())
  }

  const note: Layer = (next: Handler) => (x: Exchange) => {
    if (isOn && (x.method === 'GET' || x.method === 'HEAD')) trackRequest(x)
    return next(x)
  }

  const inject: Filter = (reply, x) => {
    if (!isOn) return reply
    if (server !== undefined) return server.inject(reply, x)
    const kind = documentKind(reply)
    if (kind === undefined) return reply
    if (!asksForPage(x, kind)) return variedByPage(reply, x, kind)
    return load().then((loaded) => loaded?.inject(reply, x) ?? reply)
  }

  return {
    trackRequests: note,
    inject,
    control() {
      if (server !== undefined) return server.control
      // Pages may reconnect after `stop`, so a live server that was loaded still answers.
      return isOn ? load().then((loaded) => loaded?.control) : undefined
    },
    start() {
      isOn = true
      // The globs of `--watch` are watched before the first request.
      if (options.watch.length > 0) void load()
    },
    stop() {
      isOn = options.isEmbedded
    },
    reload(paths) {
      const none = noUpdate(paths)
      error = undefined
      return server?.reload(paths) ?? none
    },
    foldersChanged: () => server?.foldersChanged(),
    notify(message) {
      checkMessage(message)
      server?.notify(message)
    },
    showError(shown) {
      checkError(shown)
      error = shown
      server?.showError(shown ?? null)
    },
    async close() {
      isOn = false
      await (await loading)?.close()
    },
  }
}
