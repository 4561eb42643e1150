import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ResolvedRoute, RouteOptions } from '../config/route-types.ts'
import type { ServerConfig } from '../config/public-config.ts'
import type { ServeOptions } from '../config/types.ts'
import type { ServeError } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import type { PageError, ShownError, Update } from '../live/live.ts'
import type { SkippedPort } from '../net/types.ts'

/** Where a listening server is reached. */
export interface Listening {
  /**
   * The URL to show, for example `http://localhost:8008/`, with the base at its end; `unix:/path` for a socket. The one for
   * HTTPS where plain HTTP gets only redirects.
   */
  readonly url: string
  /** Every URL that serves something: local ones first, then those of the network; among each `http` before `https`. */
  readonly urls: { readonly local: readonly string[]; readonly network: readonly string[] }
  /** The host as configured, `localhost` by default. */
  readonly host: string
  /** The port for plain HTTP, also when the system chose it; 0 for a unix socket. */
  readonly port: number
  /** Scheme of `url`. */
  readonly protocol: 'http' | 'https'
  /** The addresses that are bound, for example `127.0.0.1` and `::1`; the path of a unix socket. */
  readonly addresses: readonly string[]
  /** Ports that were tried before, each with its reason. */
  readonly skipped: readonly SkippedPort[]
  /** Where HTTPS is served; undefined without `tls`. */
  readonly tls: SecureListening | undefined
}

/** Where HTTPS is served. */
export interface SecureListening {
  /** The port, also when the system chose it. */
  readonly port: number
  /** The addresses that are bound. */
  readonly addresses: readonly string[]
  /** Ports that were tried before, each with its reason. */
  readonly skipped: readonly SkippedPort[]
}

/** One finished exchange, as the access log and the `reply` event see it. Never holds credentials. */
export interface AccessRecord {
  /** Wall-clock time of the request in milliseconds since 1970. */
  readonly time: number
  /** Remote address; empty for a unix socket. */
  readonly address: string
  /** As received; `-` for a message that could not be read. */
  readonly method: string
  /** The request-target as received, without what live reload added; secrets in its query are redacted. */
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
  /** Whether the client left before the reply was complete. */
  readonly aborted: boolean
  /** The request's `Referer`, secrets redacted, or empty. */
  readonly referer: string
  /** The request's `User-Agent`, as received, or empty. Not safe to print as it is. */
  readonly userAgent: string
  /** The user who authenticated, or empty. */
  readonly user: string
  /** Code of the refusal, for example `E8008_NOT_FOUND`, or empty. */
  readonly refusal: string
  /** Remark of the stage that answered, or empty. */
  readonly remark: string
  /** Name of the route that took the request, or empty: a folder has none. */
  readonly route: string
  /** Where it was forwarded to last, for example `localhost:3000`, or empty. */
  readonly upstream: string
  /** Why there is no answer of that upstream, for example `refused`, or empty. */
  readonly reason: string
}

/** The events of a server and what they carry. */
export interface ServerEvents {
  /** The addresses are bound. */
  listening: [listening: Listening]
  /** A header section was read; nothing of it has been checked yet, so its target and `Host` may be anything. */
  request: [exchange: Exchange]
  /** A reply is out, or its client left. Not sent for `fetch()`, nor for what `handler` passes on. */
  reply: [record: AccessRecord]
  /** Something that a person should know. */
  warning: [warning: Warning]
  /**
   * A fault of ours, of a layer or of a listener (`E8008_INTERNAL`, what was thrown in `cause`). For the first two the
   * client got a 500 without details; a listener that throws changes no reply. Unlike those of Node's emitters it is not
   * thrown when nobody listens. What a listener of `error` itself throws is an uncaught exception.
   */
  error: [error: ServeError]
  /** Files that pages use have changed, by their absolute paths. Those of a burst come together. */
  change: [paths: readonly string[]]
  /** Open pages were told of a change. */
  reload: [update: Update]
  /** A page logged an error, where the option `console` is set. */
  console: [error: PageError]
  /** A certificate of the user's own was replaced while running, by what these files (absolute paths) hold now. */
  certificate: [files: readonly string[]]
  /** The server is closed: its ports are free. */
  close: []
}

/** The routes of a server. A change never drops a connection; where it cannot be made, the routes stay as they are. */
export interface RouteControl {
  /**
   * Adds a route. Without a name it is called after its match, such as `/api` or `api.localhost`.
   *
   * @throws ServeError `E8008_CONFIG_INVALID`, also for a name that is taken and for a route as specific as another
   */
  add(route: RouteOptions): void
  /** Takes a route away by its name; false where there is none. Exchanges under way are finished. */
  remove(name: string): boolean
  /**
   * Puts these in place of all routes, also of those that were added. The ones that did not change keep their connections.
   *
   * @throws ServeError `E8008_CONFIG_INVALID`
   */
  replace(options: Pick<ServeOptions, 'proxy' | 'routes'>): void
  /**
   * All routes: those of `proxy` and `routes` first, each with its name, match and action. `…` replaces credentials, as in
   * `config`.
   */
  list(): readonly ResolvedRoute[]
}

/** A server made by `createServer`. `await using` closes it at the end of the block. */
export interface Server8008 extends AsyncDisposable {
  /** The configuration, frozen and without secrets: it may be logged. */
  readonly config: ServerConfig
  /** What is forwarded, redirected and answered beside the folders; may be changed at any time. */
  readonly routes: RouteControl
  /** The first URL once listening, else undefined. */
  readonly url: string | undefined
  /** The port for plain HTTP once listening, else undefined. */
  readonly port: number | undefined
  /** The port for HTTPS once listening, else undefined; so too without `tls`. */
  readonly tlsPort: number | undefined
  /**
   * Checks the folders and starts to listen. Called again it gives the same; after a failure it tries again.
   *
   * @throws ServeError `E8008_ROOT_NOT_FOUND`, `E8008_ROOT_NOT_FOLDER`, `E8008_ROOT_UNREADABLE`, `E8008_AUTH_FILE`;
   *   `E8008_PORT_HELD`, `E8008_PORT_DENIED`, `E8008_PORTS_HELD`, `E8008_ADDRESS`, `E8008_SOCKET`; `E8008_CLOSED` after
   *   `close()`
   */
  listen(): Promise<Listening>
  /**
   * Stops: no new connections, replies under way get `limits.closeMs` (default 5000 ms), then everything is cut.
   * Idempotent, never rejects, and works before `listen()` too.
   */
  close(): Promise<void>
  /**
   * Adds a layer around the routes, behind the guard and the password; later layers are further in. What it throws
   * becomes a 500 and an `error` event; so does a reply that is none.
   */
  use(layer: Layer): Server8008
  /**
   * Updates open pages. With paths (relative ones to the working directory) those that use one of these files, or one within these folders: styles and
   * images are swapped in place, anything else reloads the page; a file outside of the served folders concerns every page.
   * Without, every page reloads. Takes away what `showError` shows. Does nothing before `listen()`.
   */
  reload(paths?: readonly string[]): Promise<Update>
  /** Shows a message on every open page for a moment. */
  notify(message: string): void
  /**
   * Shows an error over every open page, and over those that are opened later, until the next change or call; without
   * an argument it is taken away.
   */
  showError(error?: ShownError): void
  /** Proof for `POST <base>__serve8008/reload`, as the field `X-Serve8008-Token`; undefined without live reload. */
  readonly token: string | undefined
  /**
   * Calls a function at each event of a name; see {@link ServerEvents}. What it throws, or its promise rejects with,
   * becomes an `error` event.
   *
   * @throws ServeError `E8008_CONFIG_INVALID` for an event that does not exist
   */
  on<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008
  /** Takes a listener away again. */
  off<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008
  /**
   * `(req, res, next)` for Express, Connect, Polka and node:http. With `next`, paths (404) and methods (405) that are not
   * ours go there, untouched. Below a path (`app.use('/docs', server.handler)`) redirects lead back below it; list the
   * hosts of the program in `allowHost`, and put it before body parsers where it forwards.
   */
  readonly handler: RequestListener
  /**
   * The listener of the `upgrade` event that belongs beside `handler`. Upgrades that no layer takes over are left to
   * other listeners; a program without one should destroy their sockets itself.
   */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Answers a request of the Fetch API without a port, with the arguments of the global `fetch()`, by the same pipeline:
   * its URL needs a host that is ours, such as `http://localhost/`. No `reply` event and no log line follow.
   *
   * @throws ServeError `E8008_CONFIG_INVALID` for something that is no URL, such as a path
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  /**
   * `fetch()` for a program that has routes of its own, as `handler` with `next` is for node:http: resolves to undefined
   * for paths (404) and methods (405) that are not ours, and leaves the content of such a request unread.
   *
   * @example
   * app.use(async (c, next) => (await server.tryFetch(c.req.raw)) ?? next()) // Hono
   * app.use((event) => server.tryFetch(event.req)) // h3
   */
  tryFetch(input: string | URL | Request, init?: RequestInit): Promise<Response | undefined>
}

/** A listener for node:http's `request` event that is a Connect middleware too. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void
