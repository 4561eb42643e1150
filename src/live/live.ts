import type { Exchange, Filter, Handler, Layer } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { nodeCrypto } from '../core/util/builtin.ts'
import { checkError, checkMessage, checkPaths } from './check-arguments.ts'
import type { LiveServer } from './live-server.ts'
import { asksForPage, documentKind, variedByPage } from './page-request.ts'
import type { ShownError } from './protocol.ts'
import type { LiveOptions, Update } from './types.ts'

export type { ShownError } from './protocol.ts'
export type { PageError, Update } from './types.ts'

/** Live reload: what the pipeline takes in, and what a program calls. */
export interface Live {
  /** Its addresses that ask for a token themselves; they come before the password. */
  readonly tokenEndpoints: Layer
  /** Its other addresses. */
  readonly publicEndpoints: Layer
  /** Notes what is asked for; it stands just before the files. */
  readonly trackRequests: Layer
  /** Gives pages the client. */
  readonly inject: Filter
  /** Proof that somebody may call for a reload; another one for each server. */
  readonly token: string
  /** From now on pages get the client. */
  start(): void
  /** Takes `start` back: the server could not listen. */
  stop(): void
  /** Reloads what concerns these files, or every page. */
  reload(paths?: readonly string[]): Update
  notify(message: string): void
  showError(error: ShownError | undefined): void
  close(): Promise<void>
}

/**
 * Makes live reload; it is off until it is started. Nothing is watched before something was asked for, and the engine is
 * loaded with the first page or behind the first reply: neither the start of the server nor its first answer waits.
 */
export function createLive(options: LiveOptions): Live {
  const prefix = `${options.base}__serve8008/`
  let isOn = false
  let token = ''
  let server: LiveServer | undefined
  let loading: Promise<LiveServer | undefined> | undefined
  let error: ShownError | undefined
  /** Requests before there was an engine. What changes before it has seen them bears a later date than they do. */
  const early: (readonly [path: string, referer: string | undefined])[] = []

  const secret = (): string => (token ||= newToken())

  function load(): Promise<LiveServer | undefined> {
    loading ??= loadServer()
    return loading
  }

  /** Pages are served without live reload rather than not at all. */
  async function loadServer(): Promise<LiveServer | undefined> {
    try {
      const { createLiveServer } = await import('./live-server.ts')
      server = createLiveServer({ ...options, prefix, token: secret })
      for (const [path, referer] of early.splice(0)) server.trackRequest(path, referer)
      if (error !== undefined) server.showError(error)
    } catch (cause) {
      isOn = false
      options.onWarning({ code: 'W8008_LIVE', message: `Live reload cannot start: ${String(cause)}.` })
    }
    return server
  }

  /** The addresses exist from the start on, and as long as there are pages that may come again. */
  function addresses(kind: 'tokenEndpoints' | 'publicEndpoints'): Layer {
    return (next: Handler) => (x) => {
      if (!x.target.path.startsWith(prefix) || (!isOn && server === undefined)) return next(x)
      return answer(kind, next, x)
    }
  }

  async function answer(kind: 'tokenEndpoints' | 'publicEndpoints', next: Handler, x: Exchange): Promise<Reply> {
    const loaded = server ?? (await load())
    return loaded === undefined ? next(x) : loaded[kind](next)(x)
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
    tokenEndpoints: addresses('tokenEndpoints'),
    publicEndpoints: addresses('publicEndpoints'),
    trackRequests: note,
    inject,
    get token() {
      return secret()
    },
    start() {
      isOn = true
      // What is watched for its own sake waits for no request.
      if (options.watch.length > 0) void load()
    },
    stop() {
      isOn = false
    },
    reload(paths) {
      checkPaths(paths)
      error = undefined
      return server?.reload(paths) ?? { paths: paths ?? [], pages: 0, ms: 0 }
    },
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

/** 256 bits. */
function newToken(): string {
  const { randomBytes } = nodeCrypto()
  return randomBytes(32).toString('base64url')
}
