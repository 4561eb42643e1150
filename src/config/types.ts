import type { Optional, ProxySetting, ResolvedRoute, RouteOptions } from './route-types.ts'

/**
 * Options of `createServer()` and of config files. Every option has a default. Flags and environment variables of the
 * command have the same names.
 */
export interface ServeOptions {
  /** Folder to serve. Default `.` */
  root?: string | undefined
  /**
   * One port, or a list tried in order; 0 lets the system choose. A string of digits, such as `process.env.PORT`, is a port
   * too. Default `[8008, 591, 8080, 8000]`.
   */
  port?: number | string | readonly (number | string)[] | undefined
  /** Fail instead of trying the next port of a list. Default false. */
  strictPort?: boolean | undefined
  /** Address or name to listen on; `localhost` is both loopback addresses. Default `localhost`. */
  host?: string | undefined
  /** Serve the local network: listen on every address, and accept the names of this machine. Default false. */
  lan?: boolean | undefined
  /** Listen on a unix socket (or a Windows pipe) at this path instead of a port. */
  socket?: string | undefined
  /** Listen on an inherited descriptor, for example 3 under systemd socket activation. */
  fd?: number | undefined
  /**
   * Serve HTTPS too, on `tlsPort`, with certificates of the local authority or of your own; `only` redirects all plain HTTP.
   * Default false; `tlsPort`, `cert`, `pfx`, `certificates` and `redirect` imply true.
   */
  tls?: boolean | 'only' | undefined
  /** Port for HTTPS, or a list tried in order; 0 lets the system choose. Default `[8443, 8444, 9443, 10443]`, and 0 where `port` is 0. */
  tlsPort?: number | string | readonly (number | string)[] | undefined
  /** Path of your own certificate (PEM), followed by its intermediate certificates. */
  cert?: string | undefined
  /** Path of the key of `cert` (PEM). */
  key?: string | undefined
  /** Path of additional certificates of authorities (PEM). */
  ca?: string | undefined
  /** Path of a certificate and its key in one file (PKCS #12), instead of `cert` and `key`. */
  pfx?: string | undefined
  /** Passphrase of `key` or `pfx`. */
  passphrase?: string | undefined
  /** Additional certificates, selected by the name that the client requests (SNI, RFC 6066 section 3). */
  certificates?: readonly CertificateFiles[] | undefined
  /**
   * Redirect plain HTTP to HTTPS: true redirects every request (308), `asked` only those with
   * `Upgrade-Insecure-Requests: 1` (307). Default false.
   */
  redirect?: boolean | 'asked' | undefined
  /**
   * Serve HTTP/2 without TLS to clients that send its preface first (RFC 9113 section 3.3). Default false; an `h2c:` target
   * in the options implies true.
   */
  h2c?: boolean | undefined
  /** Open the browser once listening, at this path when it is a string (a relative one is below `base`). Only the command uses it. Default false. */
  open?: boolean | string | undefined
  /** Answer navigation to unknown paths with `index.html`, or with the named page. Default false. */
  single?: boolean | string | undefined
  /** Allow pages of every origin, or of these origins, to read replies, without credentials. Default false. */
  cors?: boolean | string | readonly string[] | undefined
  /** List folders that have no index page. Default true. */
  listing?: boolean | undefined
  /** Serve `/about` from `about.html`. Default true. */
  cleanUrls?: boolean | undefined
  /** `always` or `never` redirects pages to the form with or without a final slash; `auto` redirects folders only. Default `auto`. */
  trailingSlash?: 'auto' | 'always' | 'never' | undefined
  /** Serve and list names that start with a dot. Default false; `.well-known` is always served. */
  dotfiles?: boolean | undefined
  /**
   * Names (`*.key`) and paths below the served folder (`video/**`) to serve although they are on the deny list, which holds
   * keys, credentials, backups, dotfiles and the like. `*` matches a part of a name, `**` folders, `?` one character. The
   * configuration of serve8008 is never served. Default none.
   */
  serve?: string | readonly string[] | undefined
  /** Follow symbolic links to files outside of the served folder. Default false. */
  followSymlinks?: boolean | undefined
  /**
   * Header fields for every reply, or for those under a path below `base`:
   * `{ '/assets': { 'cache-control': 'max-age=60' } }`. Values are Latin-1 without controls (RFC 9110 section 5.5);
   * fields that frame the message or manage the connection are refused.
   */
  headers?: Readonly<Record<string, string | Readonly<Record<string, string>>>> | undefined
  /**
   * `Cache-Control` of files: false is `no-cache`, true `max-age=3600`, a number `max-age` in seconds; a string is a time
   * (`30s`, `10m`, `1h`, `7d`) or directives (RFC 9111 section 5.2.2, RFC 8246) that are sent as they are. Default false.
   */
  cache?: boolean | number | string | undefined
  /** Compress text, and send `.br`, `.gz` and `.zst` files that lie beside the originals. Default true. */
  compress?: boolean | undefined
  /** Cross-origin isolation: sends COOP `same-origin` and COEP `require-corp`. Default false. */
  isolate?: boolean | undefined
  /** Additional host names to answer for; `.example.test` also covers every name below it. */
  allowHost?: string | readonly string[] | undefined
  /** `user:password` that every request must send (HTTP Basic, RFC 7617); neither part may be empty. */
  auth?: string | undefined
  /** Path of an htpasswd file (bcrypt, apr1, SHA) with the allowed users. */
  authFile?: string | undefined
  /** Path prefix below which everything is served, for example `/docs/`. Default `/`. */
  base?: string | undefined
  /** Additional folders by path below `base`: `{ '/docs': './manual' }`. */
  mounts?: Readonly<Record<string, string>> | undefined
  /**
   * Proxies: `{ '/api': 3000, 'chat.localhost': { to: 'ws://localhost:4000' } }`.
   * A key is a path below `base`, a host name (`*.dev.localhost` for every name below), or both (`api.localhost/v1`).
   * The most specific one answers; see {@link ProxySetting}.
   */
  proxy?: Readonly<Record<string, ProxySetting>> | undefined
  /** Routes with more conditions than a path and a host, redirects and fixed replies; see {@link RouteOptions}. */
  routes?: readonly RouteOptions[] | undefined
  /** Addresses and networks (`10.0.0.0/8`) of proxies whose `Forwarded` and `X-Forwarded-*` are believed. Default none. */
  trust?: string | readonly string[] | undefined
  /**
   * Timeout for an upstream to answer, and between chunks of its reply: seconds, or a time such as `30s` or `5m`; 0 is none.
   * `timeouts` of a route override it. Default 0: as long as the client waits.
   */
  timeout?: number | string | undefined
  /** Reload open pages when a file that they use changes. Starts with `listen()`. Default true. */
  live?: boolean | undefined
  /** Additional files, folders or globs whose changes reload pages, for example `templates/**`. */
  watch?: string | readonly string[] | undefined
  /** Globs of files whose changes are ignored, relative to a served folder or absolute. */
  ignore?: string | readonly string[] | undefined
  /** How a page is updated when its document has changed: `page` reloads it, `morph` patches it. Default `page`. */
  reload?: 'page' | 'morph' | undefined
  /** Show updates in a small box on the page. Default false. */
  toast?: boolean | undefined
  /** Report errors of open pages by the `console` event; the command prints them. Default false. */
  console?: boolean | undefined
  /** Poll files every 300 ms. Default false: poll only where the system reports no changes. */
  poll?: boolean | undefined
  /** Access log: `pretty`, `common`, `combined`, `json` or `none`. Default `none` in the library, `pretty` in the command. */
  log?: LogFormat | undefined
  /** Limits on sizes, counts and times. */
  limits?: Optional<Limits> | undefined
}

/** Options after validation. */
export type CheckedOptions = Checked<ServeOptions>

/** Format of the access log. */
export type LogFormat = 'pretty' | 'common' | 'combined' | 'json' | 'none'

/** Limits on sizes, counts and times. */
export interface Limits {
  /** Bytes of a request's header section, request line included. Default 16384. */
  headerBytes: number
  /** Header fields of a request. Default 128. */
  headerCount: number
  /** Bytes of the request-target. Default 8192. */
  targetBytes: number
  /** Bytes of a request's content. Default 1 GiB. */
  bodyBytes: number
  /** Milliseconds until the header section must be complete. Default 15000. */
  headerMs: number
  /** Milliseconds until the whole request must have arrived. Default 300000. */
  requestMs: number
  /** Milliseconds that a connection may be idle between requests. Default 10000. */
  idleMs: number
  /**
   * Bytes of content that are read although the reply does not need them: an HTTP/1.1 connection stays open when a request
   * has no more, and the end of an HTTP/2 reply waits for them. Default 16 MiB.
   */
  drainBytes: number
  /** Milliseconds that the end of an HTTP/2 reply waits for such content, or a reply without content. Default 200. */
  drainMs: number
  /** Bytes that are read and dropped after a reply that closes the connection, so that the client can read it. Default 64 MiB. */
  lingerBytes: number
  /** Milliseconds in which a slow client must read a part of its reply. Default 60000. */
  writeMs: number
  /** Replies that wait for slow clients; beyond it the one that has waited longest is aborted. Default 512. */
  waitingReplies: number
  /** HTTP/1.1 connections to one upstream; beyond it requests wait for a free one. Default 1024. */
  upstreamConnections: number
  /** Bytes buffered for slow clients; beyond it the reply that has waited longest is aborted. Default 128 MiB. */
  waitingBytes: number
  /** Files open for sending; beyond it those of slow clients are closed until they read again. Default 256. */
  openFiles: number
  /** Milliseconds without progress after which the reply to a half-closed client is aborted. Default 10000. */
  halfClosedMs: number
  /** Open connections; one more replaces the one that has been idle longest, or is closed when none is idle. Default 2048. */
  connections: number
  /** Milliseconds that `close()` waits for replies under way. Default 5000. */
  closeMs: number
  /** Bytes of file content kept in memory. Default 64 MiB. */
  cacheBytes: number
  /** Ranges answered in one reply; a request for more gets the whole file. Default 32. */
  ranges: number
  /** Bytes of the header section of an upstream's reply. Default 262144. */
  replyHeaderBytes: number
  /** Pages connected to live reload; others must be reloaded by hand. Default 256. */
  livePages: number
  /**
   * Bytes to which the first part of a compressed page may expand for live reload. A larger page passes unchanged; it is
   * aborted where that shows later and it expands more than a hundredfold. Default 32 MiB.
   */
  pageBytes: number
}

/** A mounted folder. */
export interface ResolvedMount {
  /** Path prefix with a slash at both ends, below `base`. Percent-encoded as browsers do it. */
  readonly path: string
  /** Absolute folder. */
  readonly folder: string
}

/** Options of live reload. */
export interface ResolvedLive {
  /** Absolute files, folders and globs. */
  readonly watch: readonly string[]
  readonly ignore: readonly string[]
  readonly reload: 'page' | 'morph'
  readonly toast: boolean
  readonly console: boolean
  readonly poll: boolean
}

/** Header fields for replies under a path. */
export interface HeaderRule {
  /** Path prefix without a final slash, `base` included; `/` for every reply. Percent-encoded as browsers do it. */
  readonly path: string
  /** Flat list of fields, validated. */
  readonly headers: readonly string[]
}

/** The configuration: options merged from every source, checked, and completed with defaults. Made by `config/` only. */
export interface ResolvedConfig {
  /** Absolute folder. */
  readonly root: string
  /** Ports in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether the next port is tried when one is in use. */
  readonly fallback: boolean
  /** Where to listen: `localhost` for both loopback addresses, otherwise an address or a name. */
  readonly host: string
  readonly lan: boolean
  readonly socket: string | undefined
  readonly fd: number | undefined
  /** Undefined where nothing is served under TLS. */
  readonly tls: ResolvedTls | undefined
  /** Which plain requests are redirected to HTTPS. */
  readonly redirect: 'always' | 'asked' | undefined
  /** Whether HTTP/2 is served without TLS. */
  readonly h2c: boolean
  /** Whether adding a route to `h2c:` enables `h2c`: not where the user has set it. */
  readonly h2cFollows: boolean
  /** Path to open in the browser, or undefined. */
  readonly open: string | undefined
  /** Page that answers unknown navigation, relative to the root, or undefined. */
  readonly single: string | undefined
  /** `*`, the allowed origins, or undefined. */
  readonly cors: '*' | readonly string[] | undefined
  readonly listing: boolean
  readonly cleanUrls: boolean
  readonly trailingSlash: 'auto' | 'always' | 'never'
  readonly dotfiles: boolean
  /** Patterns of files on the deny list that are served. */
  readonly serve: readonly string[]
  readonly followSymlinks: boolean
  readonly headers: readonly HeaderRule[]
  /** The `Cache-Control` value of files. */
  readonly cacheControl: string
  readonly compress: boolean
  readonly isolate: boolean
  readonly allowHosts: readonly string[]
  readonly auth: { readonly user: string; readonly password: string } | undefined
  /** Absolute path of an htpasswd file. */
  readonly authFile: string | undefined
  /** Path prefix with a slash at both ends; `/` for none. */
  readonly base: string
  readonly mounts: readonly ResolvedMount[]
  /** Routes of `proxy` and `routes`. */
  readonly routes: readonly ResolvedRoute[]
  /** Addresses and networks of trusted proxies. */
  readonly trust: readonly string[]
  /** Timeout of upstreams in milliseconds, where a route has none of its own; 0 is none. */
  readonly timeoutMs: number
  /** Undefined when pages are not reloaded. */
  readonly live: ResolvedLive | undefined
  readonly log: LogFormat
  readonly limits: Limits
  /** Absolute paths that are never served: the config file, the password file and the files of certificates. */
  readonly secretFiles: readonly string[]
}

/** The files of one certificate. */
export interface CertificateFiles {
  cert?: string | undefined
  key?: string | undefined
  ca?: string | undefined
  pfx?: string | undefined
  passphrase?: string | undefined
}

/** The files of one certificate, as absolute paths. */
export interface ResolvedCertificate {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly pfx?: string
  readonly passphrase?: string
}

/** Options of HTTPS. */
export interface ResolvedTls {
  /** Whether all plain HTTP is redirected. */
  readonly only: boolean
  /** Ports in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether the next port is tried when one is in use. */
  readonly fallback: boolean
  /** The first one is for clients without SNI. Empty: the local authority makes one. */
  readonly certificates: readonly ResolvedCertificate[]
}

/** Options after validation: undefined is removed, at any depth. */
export type Checked<Value> = Value extends object
  ? { [Name in keyof Value]: Checked<Exclude<Value[Name], undefined>> }
  : Value
