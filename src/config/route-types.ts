/**
 * What a request must be like for a route. Everything that is named must hold; of several routes that match, the most
 * specific one answers. At most one of `path`, `exact` and `pattern`; without them every path matches.
 */
export interface MatchOptions {
  /** Path prefix on a segment boundary, below `base`: `/api` matches `/api` and `/api/x`, never `/apix`. */
  readonly path?: string | undefined
  /** The whole path. */
  readonly exact?: string | undefined
  /** A path in which `*` stands for one segment and a final `**` for any rest, even none: `/users/*\/avatar`, `/files/**`. */
  readonly pattern?: string | undefined
  /** Host name without a port; `*.example.test` matches every name below it. Matched names are answered for (see `allowHost`). */
  readonly host?: string | undefined
  /** Methods, case-sensitive (RFC 9110 section 9.1). */
  readonly method?: string | readonly string[] | undefined
  /** Request fields with the value they must have; `true` means any value, `false` that it is absent. */
  readonly header?: Readonly<Record<string, string | boolean>> | undefined
  /** Cookies, likewise. */
  readonly cookie?: Readonly<Record<string, string | boolean>> | undefined
  /** Query parameters, likewise. */
  readonly query?: Readonly<Record<string, string | boolean>> | undefined
}

/**
 * Where to forward: `http://`, `https://`, `ws://`, `wss://`, `h2://` (HTTP/2 under TLS), `h2c://` (HTTP/2 in clear text),
 * `unix:/path/to.sock` or a port of `localhost`. A URL with a path (also `/`) replaces the matched prefix by it; without
 * one the path stays as it is.
 */
export type ProxyTarget = string | number

/** What may stand for a proxy; a target or a list stands for `to` alone. */
export type ProxySetting = ProxyTarget | readonly ProxyTarget[] | ProxyOptions

/** How a route forwards. */
export interface ProxyOptions {
  /** Where to. Several share the requests. */
  readonly to: ProxyTarget | readonly ProxyTarget[]
  /** How several upstreams share requests. Default `round`. */
  readonly balance?: 'round' | 'least' | 'random' | 'hash' | undefined
  /** With `hash`: what stays with one upstream, `header:name` or `cookie:name`. */
  readonly hashBy?: string | undefined
  /** Send the upstream's own name in `Host` instead of the client's. Default false. */
  readonly changeOrigin?: boolean | undefined
  /** Request fields to set on the way to the upstream, `Host` and `X-Forwarded-*` included; false removes. */
  readonly headers?: Readonly<Record<string, string | false>> | undefined
  /**
   * Fields in which a client says who it is, such as `cf-connecting-ip` and `remote-user`, that are passed on although the
   * client is not trusted; true is all of them. Default none.
   */
  readonly passHeaders?: boolean | readonly string[] | undefined
  /** Fields to set on replies; false removes. */
  readonly replyHeaders?: Readonly<Record<string, string | false>> | undefined
  /**
   * Read content that comes without a length to its end and send it with one, for backends that do not understand chunks:
   * in memory up to 1 MiB, in a temporary file beyond, at most `limits.bodyBytes`. Default false.
   */
  readonly buffer?: boolean | undefined
  /** Make redirects, cookies and DAV fields of the upstream fit this server. Default true. */
  readonly rewrite?: boolean | undefined
  /** Give proxied HTML pages the client of live reload. Default false. */
  readonly live?: boolean | undefined
  /** Say in `Server8008-Route` on each reply which route answered. Default false. */
  readonly debug?: boolean | undefined
  /** Attempts beyond the first, where repeating is safe. Default 1. */
  readonly retries?: number | undefined
  /**
   * Milliseconds to wait for an upstream that refuses connections, or closes them at once. Default 0, for WebSockets 5000
   * and for event streams 30000. A page navigation is not held: it gets a page that waits in the browser.
   */
  readonly hold?: number | undefined
  /** Bounds on time in milliseconds; 0 is none. */
  readonly timeouts?: Optional<ProxyTimeouts> | undefined
  /** Active health checks: a GET of `path` at each upstream. */
  readonly health?: HealthOptions | undefined
  /** TLS towards the upstream. */
  readonly tls?: UpstreamTlsOptions | undefined
}

/** Any of these values; undefined means "not given", as it does everywhere. */
export type Optional<Values> = { readonly [Name in keyof Values]?: Values[Name] | undefined }

/** Bounds on an upstream's time, in milliseconds; 0 is none. */
export interface ProxyTimeouts {
  /** Until the connection (with TLS) stands. Default 10000. */
  connectMs: number
  /** From the request to the header section of the reply. Default `timeout`, which is none. */
  headersMs: number
  /** Without a byte of the reply's content; never applied to event streams. Default `timeout`, which is none. */
  bodyIdleMs: number
  /** For the whole exchange; never applied to event streams. Default 0. */
  totalMs: number
  /** From an upgrade request to its answer. Default `timeout`, which is none. */
  upgradeMs: number
}

/** Active health checks. */
export interface HealthOptions {
  /** Path that is asked for; below 400 is healthy. */
  readonly path: string
  /** Milliseconds between checks. Default 5000. */
  readonly intervalMs?: number | undefined
  /** Milliseconds a check may take. Default 2000. */
  readonly timeoutMs?: number | undefined
}

/** TLS towards an upstream. */
export interface UpstreamTlsOptions {
  /** Whether the certificate must be valid. Default true. */
  readonly verify?: boolean | undefined
  /** File with certificates (PEM) to trust beside the system's. */
  readonly ca?: string | undefined
  /** Name expected in the certificate. Default: the upstream's. */
  readonly servername?: string | undefined
  /** File with the client certificate (PEM). */
  readonly cert?: string | undefined
  /** File with its key (PEM). */
  readonly key?: string | undefined
}

/** One entry of `routes`: a match and exactly one of the actions. */
export interface RouteOptions {
  /** How logs, `explain` and `server.routes` call it. Default: its place in the list, or its match. */
  readonly name?: string | undefined
  readonly match: MatchOptions
  readonly proxy?: ProxySetting | undefined
  /** Where to redirect to: a path or a URL. */
  readonly redirect?: string | undefined
  /** A fixed reply. */
  readonly reply?:
    | {
        readonly status?: number | undefined
        readonly headers?: Readonly<Record<string, string>> | undefined
        readonly body?: string | undefined
      }
    | undefined
  /** Status of the redirect. Default 307. */
  readonly status?: 301 | 302 | 303 | 307 | 308 | undefined
}

/** A value that must hold: a text to equal, true for present, false for absent. */
export type ResolvedCondition = readonly [name: string, expected: string | boolean]

/** A match, ready to be compiled. Names of fields in lower case, the host in lower case without a final dot. */
export interface ResolvedMatch {
  readonly kind: 'prefix' | 'exact' | 'pattern'
  /** `base` included. A prefix has no final slash, except `/` itself. */
  readonly path: string
  /** Undefined for any; a name that begins with a dot stands for every name below it. */
  readonly host: string | undefined
  readonly methods: readonly string[]
  readonly headers: readonly ResolvedCondition[]
  readonly cookies: readonly ResolvedCondition[]
  readonly query: readonly ResolvedCondition[]
}

/** One place to forward to. */
export interface ResolvedUpstream {
  /** As people know it: `localhost:3000`, `https://api.test`, `unix:/run/app.sock`. Holds no credentials. */
  readonly label: string
  readonly protocol: 'http:' | 'https:' | 'h2:' | 'h2c:'
  /** Name or address without brackets; `localhost` for a unix socket. */
  readonly hostname: string
  readonly port: number
  /** Absolute path of a unix socket, else undefined. */
  readonly socketPath: string | undefined
  /** Value of `Host` with `changeOrigin`: name with brackets where needed, port unless it is the scheme's. */
  readonly authority: string
  /** What replaces the matched prefix, without a final slash (`''` for the root); undefined keeps the path. */
  readonly prefix: string | undefined
}

/** A proxy action with every default filled in. */
export interface ResolvedProxy {
  readonly upstreams: readonly ResolvedUpstream[]
  readonly balance: 'round' | 'least' | 'random' | 'hash'
  readonly hashBy: { readonly kind: 'header' | 'cookie'; readonly name: string } | undefined
  readonly changeOrigin: boolean
  /** Flat lists of validated fields to set, and names in lower case to remove. */
  readonly requestFields: { readonly set: readonly string[]; readonly remove: readonly string[] }
  /** Names in lower case, or true for all. */
  readonly passHeaders: true | readonly string[]
  readonly replyFields: { readonly set: readonly string[]; readonly remove: readonly string[] }
  readonly buffer: boolean
  readonly rewrite: boolean
  readonly live: boolean
  readonly debug: boolean
  readonly retries: number
  /** Undefined: by the kind of request. */
  readonly hold: number | undefined
  readonly timeouts: Readonly<ProxyTimeouts>
  readonly health: { readonly path: string; readonly intervalMs: number; readonly timeoutMs: number } | undefined
  /** Absolute paths of files. */
  readonly tls: Omit<UpstreamTlsOptions, 'verify'> & { readonly verify: boolean }
}

/** What a route does. */
export type ResolvedAction =
  | { readonly kind: 'proxy'; readonly proxy: ResolvedProxy }
  | { readonly kind: 'redirect'; readonly to: string; readonly status: 301 | 302 | 303 | 307 | 308 }
  | { readonly kind: 'reply'; readonly status: number; readonly headers: readonly string[]; readonly body: string }

/** One route of the configuration. */
export interface ResolvedRoute {
  /** As people wrote it, for logs and `explain`: `/api`, `api.localhost`, `routes[2]`. */
  readonly name: string
  readonly match: ResolvedMatch
  readonly action: ResolvedAction
}
