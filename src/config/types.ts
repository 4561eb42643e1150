import type { Optional, ProxySetting, ResolvedRoute, RouteOptions } from './route-types.ts'

/**
 * What a program or a config file may say. Every key has a default; short forms are allowed.
 * The command's flags and the environment carry the same names.
 */
export interface ServeOptions {
  /** Folder to serve. Default `.` */
  root?: string | undefined
  /**
   * One port, or a list tried in order; 0 lets the system choose. A text of digits, as `process.env.PORT` is, is a port
   * too. Default `[8008, 591, 8080, 8000]`.
   */
  port?: number | string | readonly (number | string)[] | undefined
  /** Fail instead of trying the next port of a list. Default false. */
  strictPort?: boolean | undefined
  /** Address or name to listen on; `localhost` is both loopback addresses. Default `localhost`. */
  host?: string | undefined
  /** Serve the local network: listens on every address and accepts this machine's own names. Default false. */
  lan?: boolean | undefined
  /** Listen on a unix socket (or a Windows pipe) at this path instead of a port. */
  socket?: string | undefined
  /** Listen on an inherited descriptor, for example 3 under systemd socket activation. */
  fd?: number | undefined
  /**
   * Serve HTTPS too, on `tlsPort`, with certificates of the local authority unless files of your own are named; `only`
   * leaves plain HTTP nothing but redirects. Default false; `tlsPort`, `cert`, `pfx`, `certificates` and `redirect` imply true.
   */
  tls?: boolean | 'only' | undefined
  /** Port for HTTPS, or a list tried in order; 0 lets the system choose. Default `[8443, 8444, 9443, 10443]`, and 0 where `port` is 0. */
  tlsPort?: number | string | readonly (number | string)[] | undefined
  /** Path of a certificate of your own (PEM), with the certificates that lead to its authority behind it. */
  cert?: string | undefined
  /** Path of the key of `cert` (PEM). */
  key?: string | undefined
  /** Path of further certificates of authorities (PEM). */
  ca?: string | undefined
  /** Path of a certificate and its key in one file (PKCS #12), instead of `cert` and `key`. */
  pfx?: string | undefined
  /** What the key or the file is encrypted with. */
  passphrase?: string | undefined
  /** Further certificates of your own: a client gets the one for the name that it asks for (SNI, RFC 6066 section 3). */
  certificates?: readonly CertificateFiles[] | undefined
  /**
   * Answer plain HTTP with redirects to HTTPS: true always (308), `asked` only clients that say
   * `Upgrade-Insecure-Requests: 1` (307). Default false.
   */
  redirect?: boolean | 'asked' | undefined
  /** Serve HTTP/2 without TLS to clients that begin with its preface (RFC 9113 section 3.3). Default false; an `h2c:` target among the options implies true. */
  h2c?: boolean | undefined
  /** Open the browser once listening, at this path when it is a string (a relative one is below `base`). Acts in the command only. Default false. */
  open?: boolean | string | undefined
  /** Answer navigation to unknown paths with `index.html`, or with the named page. Default false. */
  single?: boolean | string | undefined
  /** Allow every origin, or the named ones, to read replies. Never with credentials. Default false. */
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
   * Names (`*.key`) and paths below the served folder (`video/**`) to serve although the deny list holds them back: keys,
   * credentials, backups, dotfiles and their kin. `*` is any part of a name, `**` any folders, `?` one character. Never
   * the settings of serve8008 itself. Default none.
   */
  serve?: string | readonly string[] | undefined
  /** Follow symbolic links that lead out of the served folder. Default false. */
  followSymlinks?: boolean | undefined
  /**
   * Header fields for every reply, or for those under a path below `base`:
   * `{ '/assets': { 'cache-control': 'max-age=60' } }`. Values are Latin-1 without controls (RFC 9110 section 5.5);
   * fields that frame the message or manage the connection are refused.
   */
  headers?: Readonly<Record<string, string | Readonly<Record<string, string>>>> | undefined
  /**
   * `Cache-Control` of files: false is `no-cache`, true `max-age=3600`, a number `max-age` in seconds; a text is a time
   * (`30s`, `10m`, `1h`, `7d`) or directives (RFC 9111 section 5.2.2, RFC 8246) that are sent as they are. Default false.
   */
  cache?: boolean | number | string | undefined
  /** Compress text on the fly and use `.br`, `.gz` and `.zst` files beside the originals. Default true. */
  compress?: boolean | undefined
  /** Cross-origin isolation: sends COOP `same-origin` and COEP `require-corp`. Default false. */
  isolate?: boolean | undefined
  /** Further host names to answer for; `.example.test` also covers every name below it. */
  allowHost?: string | readonly string[] | undefined
  /** `user:password` that every request must present (HTTP Basic, RFC 7617); neither part may be empty. */
  auth?: string | undefined
  /** Path of an htpasswd file (bcrypt, apr1, SHA) with the users that may enter. */
  authFile?: string | undefined
  /** Path prefix below which everything is served, for example `/docs/`. Default `/`. */
  base?: string | undefined
  /** Further folders by path below `base`: `{ '/docs': './manual' }`. */
  mounts?: Readonly<Record<string, string>> | undefined
  /**
   * What is forwarded, and where to: `{ '/api': 3000, 'chat.localhost': { to: 'ws://localhost:4000' } }`.
   * A key is a path below `base`, a host name (`*.dev.localhost` for every name below), or both (`api.localhost/v1`).
   * The most specific one answers; see {@link ProxySetting}.
   */
  proxy?: Readonly<Record<string, ProxySetting>> | undefined
  /** Routes whose match says more than a path and a host, redirects and fixed replies; see {@link RouteOptions}. */
  routes?: readonly RouteOptions[] | undefined
  /** Addresses and networks (`10.0.0.0/8`) whose `Forwarded` and `X-Forwarded-*` fields are believed. Default none. */
  trust?: string | readonly string[] | undefined
  /**
   * Longest time that a target of a route may take to answer, or be silent within its reply: seconds, or a time such as
   * `30s` or `5m`; 0 is none. What a route says in `timeouts` counts before it. Default 0: as long as the client waits.
   */
  timeout?: number | string | undefined
  /** Reload open pages when a file that they use changes. Acts once the server listens. Default true. */
  live?: boolean | undefined
  /** Further files, folders or globs whose changes reload pages, for example `templates/**`. */
  watch?: string | readonly string[] | undefined
  /** Globs whose changes are of no interest, relative to a served folder or absolute. */
  ignore?: string | readonly string[] | undefined
  /** What becomes of a page whose document has changed: `page` loads it again, `morph` patches it in place. Default `page`. */
  reload?: 'page' | 'morph' | undefined
  /** Show in a small box on the page what was updated. Default false. */
  toast?: boolean | undefined
  /** Send errors of open pages to the `console` event, and in the command to the terminal. Default false. */
  console?: boolean | undefined
  /** Look at files every 300 ms instead of waiting for the system to report changes. Default false: only where it reports none. */
  poll?: boolean | undefined
  /** Access log: `pretty`, `common`, `combined`, `json` or `none`. Default `none` in the library, `pretty` in the command. */
  log?: LogFormat | undefined
  /** Bounds on what a client may send and how long it may take. */
  limits?: Optional<Limits> | undefined
}

/** Options after the check of their shape. */
export type CheckedOptions = Checked<ServeOptions>

/** Format of the access log. */
export type LogFormat = 'pretty' | 'common' | 'combined' | 'json' | 'none'

/** Bounds, each with a name and a number. */
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
  /** Milliseconds that a connection may idle between requests. Default 10000. */
  idleMs: number
  /**
   * Bytes of content that are read although a reply does not need them: a connection of HTTP/1.1 stays open where no more
   * than these came with the request, and the end of a reply over HTTP/2 waits for them. Default 16 MiB.
   */
  drainBytes: number
  /** Milliseconds that the end of a reply over HTTP/2 waits for such content, as does a reply that has none itself. Default 200. */
  drainMs: number
  /** Bytes that are read and dropped behind a reply that closes the connection, so that the client can read it. Default 64 MiB. */
  lingerBytes: number
  /** Milliseconds in which a client that is behind must take some of its reply. Default 60000. */
  writeMs: number
  /** Replies that wait for their clients at the same time; past it the one that has waited longest is given up. Default 512. */
  waitingReplies: number
  /** Connections to one upstream for requests over HTTP/1.1; past it they wait for a free one. Default 1024. */
  upstreamConnections: number
  /** Bytes held for clients that have not taken them; past it the reply that has waited longest is given up. Default 128 MiB. */
  waitingBytes: number
  /** Files that are open at the same time to be sent; past it those whose clients do not read are closed meanwhile. Default 256. */
  openFiles: number
  /** Milliseconds without progress that a client which has closed its sending side gets for its reply. Default 10000. */
  halfClosedMs: number
  /** Open connections; a further one takes the place of the one that has idled longest, or is closed when none idles. Default 2048. */
  connections: number
  /** Milliseconds that `close()` waits for replies under way. Default 5000. */
  closeMs: number
  /** Bytes of file content kept in memory. Default 64 MiB. */
  cacheBytes: number
  /** Ranges answered in one reply; a request for more gets the whole file. Default 32. */
  ranges: number
  /** Bytes of the header section of an upstream's reply. Default 262144. */
  replyHeaderBytes: number
  /** Pages that live reload serves at the same time; further ones have to be reloaded by hand. Default 256. */
  livePages: number
  /**
   * Bytes to which the first part of a compressed page may expand to get the client of live reload; a page beyond that
   * passes unchanged, and is broken off if it shows only later and expands more than a hundredfold. Default 32 MiB.
   */
  pageBytes: number
}

/** One mounted folder. */
export interface ResolvedMount {
  /** Path prefix with a slash at both ends, below `base`. Percent-encoded as browsers do it. */
  readonly path: string
  /** Absolute folder. */
  readonly folder: string
}

/** How live reload works. */
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
  /** Path prefix with a slash in front and none at its end, `base` included; `/` for every reply. Percent-encoded as browsers do it. */
  readonly path: string
  /** Flat list of fields, validated. */
  readonly headers: readonly string[]
}

/** The configuration after every source was read, merged, checked and completed. Only `config/` makes one. */
export interface ResolvedConfig {
  /** Absolute folder. */
  readonly root: string
  /** Ports in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether a further port may be tried. */
  readonly fallback: boolean
  /** Where to listen: `localhost` for both loopback addresses, otherwise an address or a name. */
  readonly host: string
  readonly lan: boolean
  readonly socket: string | undefined
  readonly fd: number | undefined
  /** Undefined where nothing is served under TLS. */
  readonly tls: ResolvedTls | undefined
  /** Which requests in the clear are redirected to HTTPS. */
  readonly redirect: 'always' | 'asked' | undefined
  /** Whether HTTP/2 is served without TLS. */
  readonly h2c: boolean
  /** Whether a route to `h2c:` that comes later switches it on: not where the user has said what holds. */
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
  /** Patterns of what is served although the deny list is against it. */
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
  /** What `proxy` and `routes` say. */
  readonly routes: readonly ResolvedRoute[]
  /** Addresses and networks that are believed about who is behind them. */
  readonly trust: readonly string[]
  /** Milliseconds that a target may take to answer or be silent, unless its route says otherwise; 0 is no bound. */
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

/** How HTTPS is served. */
export interface ResolvedTls {
  /** Whether plain HTTP gets nothing but redirects. */
  readonly only: boolean
  /** Ports in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether a further port may be tried. */
  readonly fallback: boolean
  /** The first is for clients that name no host. Empty: the local authority makes one. */
  readonly certificates: readonly ResolvedCertificate[]
}

/** Options as the check of their shape leaves them: what is undefined is left out, at any depth. */
export type Checked<Value> = Value extends object
  ? { [Name in keyof Value]: Checked<Exclude<Value[Name], undefined>> }
  : Value
