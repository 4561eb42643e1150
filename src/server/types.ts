import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ResolvedRoute, RouteOptions } from '../config/route-types.ts'
import type { SiteOptions } from '../config/options/several.ts'
import type { PlainOptions, ServerConfig } from '../config/server-config.ts'
import type { ListenerOptions } from '../config/value-types.ts'
import type { ServeError } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import type { Recording } from '../inspect/types.ts'
import type { PageError, ShownError, Update } from '../live/types.ts'
import type { SkippedPort } from '../net/types.ts'

/** Where a listening server is reached. */
export interface Listening {
  /**
   * The URL to show, for example `http://localhost:8008/`, with the base at its end; `unix:/path` for a socket. It is the
   * HTTPS one where plain HTTP is only redirected.
   */
  readonly url: string
  /** URLs of each listener: local and network ones, in each list `http` before `https`. Those of further sites are in `sites`. */
  readonly urls: { readonly local: readonly string[]; readonly network: readonly string[] }
  /** The host as configured, `localhost` by default. */
  readonly host: string
  /**
   * The port of the first listener for plain HTTP, of the first one where none is; the real one where the system chose it; 0
   * for a unix socket.
   */
  readonly port: number
  /** Scheme of `url`. */
  readonly protocol: 'http' | 'https'
  /** The bound addresses of that listener, for example `127.0.0.1` and `::1`; the path of a unix socket. */
  readonly addresses: readonly string[]
  /** Ports that were tried first, each with the reason why it was skipped. */
  readonly skipped: readonly SkippedPort[]
  /** Where the first listener for HTTPS serves; undefined without one. */
  readonly tls: SecureListening | undefined
  /** Every listener, in the order of the configuration. */
  readonly listeners: readonly ListenerAddress[]
  /** Every site; the one of the options beside `sites` is the first, and its name is `default`. */
  readonly sites: readonly SiteAddress[]
}

/** The URLs of a server. Those of listeners and sites that come or go are current in each read. */
export interface ServerUrls {
  /** Of every listener, on this machine; empty before `listen()` and after `close()`. */
  readonly local: readonly string[]
  /** Of every listener, for other machines; empty unless the server listens on addresses of a network. */
  readonly network: readonly string[]
  /** Those of each site on this machine, by its name; the site of the options beside `sites` is `default`. */
  readonly sites: Readonly<Record<string, readonly string[]>>
}

/** Where a site is reached. */
export interface SiteAddress {
  /** By default its first host. */
  readonly name: string
  /** Names that it answers for, `.dev.localhost` for every name below one; none for all that no other site has. */
  readonly hosts: readonly string[]
  /** Its URLs on this machine, for each name without a wildcard and each listener. */
  readonly urls: readonly string[]
}

/** Where a listener is reached. */
export interface ListenerAddress {
  /** By default its scheme and its first port, for example `https:8448`. */
  readonly name: string
  readonly protocol: 'http' | 'https'
  /** The port, the real one where the system chose it; 0 for a unix socket. */
  readonly port: number
  /** The bound addresses; the path of a unix socket. */
  readonly addresses: readonly string[]
  /** Ports that were tried first, each with the reason why it was skipped. */
  readonly skipped: readonly SkippedPort[]
  /** Its URLs, whose host is in a certificate where it serves HTTPS. */
  readonly urls: { readonly local: readonly string[]; readonly network: readonly string[] }
}

/** Where HTTPS is served. */
export interface SecureListening {
  /** The port, the real one where the system chose it. */
  readonly port: number
  /** The bound addresses. */
  readonly addresses: readonly string[]
  /** Ports that were tried first, each with the reason why it was skipped. */
  readonly skipped: readonly SkippedPort[]
}

/** One finished exchange, for the access log and the `reply` event. It holds no credentials. */
export interface AccessRecord {
  /** Wall-clock time of the request in milliseconds since 1970. */
  readonly time: number
  /** Remote address; empty for a unix socket. */
  readonly address: string
  /** The method as received; `-` for a message that could not be parsed. */
  readonly method: string
  /** The request-target as received, without the stamp of live reload; secrets in its query are redacted. */
  readonly target: string
  /** HTTP version as sent, for example `1.1`; `2` for HTTP/2. */
  readonly version: string
  /** The request's `Host` as received, userinfo redacted; empty without one. */
  readonly host: string
  /** Status of the reply (RFC 9110 section 15). */
  readonly status: number
  /** Bytes of content sent, header section not counted. */
  readonly bytes: number
  /** Milliseconds from the header section to the last byte. */
  readonly ms: number
  /** Whether the connection ended before the reply was complete; without `refusal` the client closed it. */
  readonly aborted: boolean
  /** The request's `Referer`, secrets redacted, or empty. */
  readonly referer: string
  /** The request's `User-Agent` as received, or empty. It may hold control characters: escape it before printing. */
  readonly userAgent: string
  /** The user who authenticated, or empty. */
  readonly user: string
  /** Error code, for example `E8008_NOT_FOUND`, or empty. */
  readonly refusal: string
  /** Remark for the log line, or empty. */
  readonly remark: string
  /** Id of the route that answered, or empty, as for served folders. */
  readonly route: string
  /** The upstream of the last attempt, for example `localhost:3000`, or empty. */
  readonly upstream: string
  /** Why that upstream did not answer, for example `refused`, or empty. */
  readonly reason: string
  /** Name of the site that answered; empty for the only and the default site, and where none did. */
  readonly site: string
  /** Name of the listener that accepted the connection; empty for `handler`. */
  readonly listener: string
}

/** The events of a server and what they carry. */
export interface ServerEvents {
  /** The addresses are bound. */
  listening: [listening: Listening]
  /** A header section was read. It is not checked yet: target and `Host` may be invalid. */
  request: [exchange: Exchange]
  /** A reply was sent, or its client left. Not emitted for `fetch()`, nor for requests that `handler` passes to `next`. */
  reply: [record: AccessRecord]
  /** A warning for the person who started the server. */
  warning: [warning: Warning]
  /**
   * An internal error, or an error of a layer or a listener (`E8008_INTERNAL`; `cause` holds the original). For the first
   * two the client got a 500 without details; an error of a listener changes no reply. Without a listener it is dropped,
   * unlike the `error` event of Node's emitters. An error that a listener of `error` throws is an uncaught exception.
   */
  error: [error: ServeError]
  /** Files that open pages use have changed: their absolute paths, debounced. */
  change: [paths: readonly string[]]
  /** Open pages were updated. */
  reload: [update: Update]
  /** A page logged an error; emitted with the option `console`. */
  console: [error: PageError]
  /** The files (absolute paths) of a user's own certificate were replaced; new connections get the new certificate. */
  certificate: [files: readonly string[]]
  /** The server is closed: its ports are free. */
  close: []
}

/** The routes of a server. A change drops no connection. A change that throws leaves the routes as they are. */
export interface RouteControl {
  /**
   * Adds a route, and returns its id: that of the options, else made from the match, such as `/api` or `api.localhost`.
   *
   * @throws ServeError `E8008_CONFIG_INVALID`, also for an id or a match in use and for a route as specific as another; the
   *   errors of folders of `listen()`
   */
  add(route: RouteOptions): string
  /** Removes the route of this id; returns false where there is none. Exchanges under way are finished. */
  remove(id: string): boolean
  /**
   * Replaces all routes, also those that were added. A route that has the same id and is not changed keeps its connections
   * and its cache.
   *
   * @throws ServeError `E8008_CONFIG_INVALID`; the errors of folders of `listen()`
   */
  replace(options: Pick<PlainOptions, 'proxy' | 'routes' | 'mounts'>): void
  /**
   * All routes: those of `proxy`, `routes` and `mounts` first, each with its id, match and action. `…` replaces credentials, as in
   * `config`.
   */
  list(): readonly ResolvedRoute[]
}

/** The sites of a server. A change drops no connection. */
export interface SiteControl {
  /**
   * Adds a site, which answers from the next request on.
   *
   * @throws ServeError `E8008_CONFIG_INVALID`, also for a name or a host in use; the errors of folders of `listen()`; `E8008_CLOSED`
   */
  add(options: SiteOptions): Promise<SiteAddress>
  /**
   * Removes the site of this name; resolves to false where there is none. Exchanges under way are finished, and its names get
   * 421, or the default site.
   *
   * @throws ServeError `E8008_CONFIG_INVALID` for the last one; `E8008_CLOSED`
   */
  remove(name: string): Promise<boolean>
  /** All sites; that of the options beside `sites` is named `default`. */
  list(): readonly SiteAddress[]
}

/** The listeners of a server that listens. A change drops no connection of the others. */
export interface ListenerControl {
  /**
   * Adds a listener; resolves once it is bound.
   *
   * @throws ServeError `E8008_CONFIG_INVALID`, also before `listen()` and for a name in use; `E8008_PORT_HELD` and the other errors
   *   of ports and certificates; `E8008_CLOSED`
   */
  add(options: ListenerOptions): Promise<ListenerAddress>
  /**
   * Removes the listener of this name; resolves to false where there is none. It accepts no connection from now on; exchanges
   * under way are finished, and cut after `limits.closeMs`. Resolves once its connections are closed.
   *
   * @throws ServeError `E8008_CONFIG_INVALID` for the last one; `E8008_CLOSED`
   */
  remove(name: string): Promise<boolean>
  /** All listeners that are bound. */
  list(): readonly ListenerAddress[]
}

/** A server made by `createServer`. `await using` closes it at the end of the block. */
export interface Server8008 extends AsyncDisposable {
  /** The configuration, frozen and without secrets: it may be logged. */
  readonly config: ServerConfig
  /** Routes of the default site, else of the first one; they can be changed at any time. */
  readonly routes: RouteControl
  /** Sites; they can be changed at any time. */
  readonly sites: SiteControl
  /** Listeners; they can be changed once the server listens. */
  readonly listeners: ListenerControl
  /** The first URL once listening, else undefined. */
  readonly url: string | undefined
  /** The URLs of all listeners and sites once listening, else empty lists. */
  readonly urls: ServerUrls
  /** `port` of the result of `listen()` once listening, else undefined. */
  readonly port: number | undefined
  /** The port of the first listener for HTTPS once listening, else undefined. */
  readonly tlsPort: number | undefined
  /**
   * Checks the folders and starts to listen. A second call returns the same result; after a failure it tries again.
   *
   * @throws ServeError `E8008_ROOT_NOT_FOUND`, `E8008_ROOT_NOT_FOLDER`, `E8008_ROOT_UNREADABLE`, `E8008_AUTH_FILE`;
   *   `E8008_PORT_HELD`, `E8008_PORT_DENIED`, `E8008_PORTS_HELD`, `E8008_ADDRESS`, `E8008_SOCKET`; `E8008_CLOSED` after
   *   `close()`
   */
  listen(): Promise<Listening>
  /**
   * Stops accepting connections, waits `limits.closeMs` (default 5000 ms) for replies under way, and cuts the rest.
   * Idempotent, never rejects, and works before `listen()` too.
   */
  close(): Promise<void>
  /**
   * Adds a layer around the routes, behind the guard and the password; a later layer is inside of an earlier one. Its
   * errors become a 500 and an `error` event; so does an invalid reply.
   */
  use(layer: Layer): Server8008
  /**
   * Updates the open pages that use one of these files, or a file within these folders: styles and images are swapped in
   * place, other changes reload the page. A file outside of the served folders updates every page, and without paths
   * every page reloads. Hides the error of `showError()`. Does nothing before `listen()`, unless `live: true` was set for
   * pages of `handler`.
   *
   * @param paths Absolute paths, or paths relative to the working directory.
   * @returns The paths, all of them absolute, and how many pages were updated.
   */
  reload(paths?: readonly string[]): Promise<Update>
  /**
   * Records exchanges with the beginning of their content, within the limits `recordedContentBytes`, `recordedExchanges` and
   * `recordedBytes`, until the recording or the server is closed. Those of `fetch()` are not recorded.
   *
   * @throws ServeError `E8008_CLOSED` after `close()`
   * @example
   * using recording = await server.record()
   * for await (const { method, target, reply } of recording) console.log(method, target, reply?.status)
   */
  record(): Promise<Recording>
  /** Shows a message on every open page for a moment. */
  notify(message: string): void
  /**
   * Shows an error over every open page, also over pages opened later, until the next change or call. Without an argument
   * it hides the error.
   */
  showError(error?: ShownError): void
  /** Token for `POST <base>__serve8008/reload`, sent in `X-Serve8008-Token`; undefined without live reload. */
  readonly token: string | undefined
  /**
   * Adds a listener; see {@link ServerEvents}. Its errors, thrown or rejected, become `error` events.
   *
   * @throws ServeError `E8008_CONFIG_INVALID` for an event that does not exist
   */
  on<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008
  /** Removes a listener. */
  off<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008
  /**
   * `(req, res, next)` for Express, Connect, Polka and node:http. With `next`, requests for unknown paths (404) and methods
   * (405) go there untouched. Below a path (`app.use('/docs', server.handler)`) redirects stay below it. List the program's
   * hosts in `allowHost`, and add it before body parsers where it forwards. With `live: true` its pages have live reload.
   */
  readonly handler: RequestListener
  /**
   * The listener for the `upgrade` event, beside `handler`: WebSockets of routes and of live reload. It leaves upgrades that no layer takes over to other listeners;
   * a program without one should destroy their sockets.
   */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Answers a request of the Fetch API by the same pipeline, without a port. It takes the arguments of the global `fetch()`.
   * The URL needs a host that the server answers for, such as `http://localhost/`. Emits no `reply` event, logs nothing.
   *
   * @throws ServeError `E8008_CONFIG_INVALID` for a URL without a scheme and a host, `E8008_FRAMING` for a Content-Length
   * that is not that of the content; the error of the content where it cannot be read
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * `fetch()` for a program with its own routes, as `handler` with `next` is for node:http: resolves to undefined for
   * unknown paths (404) and methods (405), and leaves the content of such a request unread.
   *
   * @example
   * app.use(async (c, next) => (await server.tryFetch(c.req.raw)) ?? next()) // Hono
   * app.use((event) => server.tryFetch(event.req)) // h3
   */
  tryFetch(input: string | URL | Request, init?: RequestInit): Promise<Response | undefined>
}

/** A listener for node:http's `request` event that is a Connect middleware too. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void

/** Middleware for Connect. A promise that rejects counts as `next(error)`. */
export type ConnectMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown

/** What `connectLayer` takes beside the middleware. */
export interface ConnectOptions {
  /**
   * What the `upgrade` event of a server would reach: a listener, or an EventEmitter that has listeners, such as the one that
   * Vite gets as its server. A listener takes an upgrade when it uses the socket in the same turn of the event loop, or before its promise
   * resolves; other upgrades go to the middleware as ordinary requests.
   */
  readonly upgrade?:
    | ((request: IncomingMessage, socket: Duplex, head: Buffer) => unknown)
    | { emit(event: 'upgrade', ...args: [IncomingMessage, Duplex, Buffer]): unknown }
}
