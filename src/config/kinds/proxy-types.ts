/**
 * The URL of an upstream: `http://`, `https://`, `ws://`, `wss://`, `h2://` (HTTP/2 under TLS), `h2c://` (HTTP/2 in clear text),
 * `unix:/path/to.sock` or a port of `localhost`. A URL with a path (also `/`) replaces the matched prefix by it; without
 * one the path stays as it is.
 */
export type ProxyTarget = string | number

/**
 * A proxy; a target or a list of targets is short for `{ to }`. Behind commas a short one can end with `changeOrigin`, `insecure`
 * (`tls: { verify: false }`) and `timeout=30s` (as the option `timeout`): `https://localhost:8443,changeOrigin,insecure`.
 */
export type ProxySetting = ProxyTarget | readonly ProxyTarget[] | ProxyOptions

/** Options of a route that forwards. */
export interface ProxyOptions {
  /** The upstream. Several upstreams share the requests. */
  readonly to: ProxyTarget | readonly ProxyTarget[]
  /** How several upstreams share requests. Default `round`. */
  readonly balance?: 'round' | 'least' | 'random' | 'hash' | undefined
  /** With `hash`: `header:name` or `cookie:name`; requests with the same value go to the same upstream. */
  readonly hashBy?: string | undefined
  /** Send the upstream's own name in `Host` instead of the client's. Default false. */
  readonly changeOrigin?: boolean | undefined
  /** Request fields to set for the upstream, also `Host` and `X-Forwarded-*`; false removes a field. */
  readonly headers?: Readonly<Record<string, string | false | undefined>> | undefined
  /**
   * Fields that claim who the client is, such as `cf-connecting-ip` and `remote-user`, to forward from clients that are not
   * trusted; true forwards all of them. Default none.
   */
  readonly passHeaders?: boolean | readonly string[] | undefined
  /** Fields to set on replies; false removes a field. */
  readonly replyHeaders?: Readonly<Record<string, string | false | undefined>> | undefined
  /**
   * Buffer request content without a length, and send it with `Content-Length`, for upstreams that do not support chunks:
   * up to 1 MiB in memory, larger content in a temporary file, at most `limits.bodyBytes`. Default false.
   */
  readonly buffer?: boolean | undefined
  /** Rewrite redirects, cookies and DAV fields of the upstream to the address of this server. Default true. */
  readonly rewrite?: boolean | undefined
  /**
   * Other names of the upstream in its URLs, such as `localhost:8443`, `cal.test` (the default ports of both schemes) and
   * `:8443` (that port of any host that names it), which `rewrite` adapts too. Default none: its own name and that in
   * `Host`, each with its port.
   */
  readonly aliases?: readonly string[] | undefined
  /**
   * Where HTML and XML of the upstream hold URLs to rewrite to the address of this server: `<loc>` for the content of an
   * element, `href=` for the values of an attribute. An object switches each on or off. Content above
   * `limits.rewriteBytes` passes unchanged. Default none.
   */
  readonly rewriteBody?: readonly string[] | Readonly<Record<string, boolean | undefined>> | undefined
  /**
   * Send the prefix that a target's path replaces in `X-Script-Name`, for upstreams that put it before the paths of their
   * URLs, such as Radicale; `rewrite` then adapts their names alone. Default false.
   */
  readonly scriptName?: boolean | undefined
  /**
   * Path of every cookie of the upstream, such as `/` for cookies that other routes get too; not of those whose name begins
   * with `__Host-`, which are always for `/`. Default: the cookie's own, moved to the route where the route replaces paths.
   */
  readonly cookiePath?: string | undefined
  /** Inject the client of live reload into proxied HTML pages. Default false. */
  readonly live?: boolean | undefined
  /** Name the route in the field `Server8008-Route` of each reply. Default false. */
  readonly debug?: boolean | undefined
  /** Retries after the first attempt, where repeating a request is safe. Default 1. */
  readonly retries?: number | undefined
  /**
   * Milliseconds to wait for an upstream that refuses connections, or closes them at once. Default 0, for WebSockets 5000
   * and for event streams 30000. Page navigation does not wait: the browser gets a waiting page.
   */
  readonly hold?: number | undefined
  /** Timeouts in milliseconds; 0 disables one. */
  readonly timeouts?: Optional<ProxyTimeouts> | undefined
  /** Active health checks: a GET of `path` at each upstream. */
  readonly health?: HealthOptions | undefined
  /** TLS towards the upstream. */
  readonly tls?: UpstreamTlsOptions | undefined
}

/** Any of these values; undefined equals an absent one. */
export type Optional<Values> = { readonly [Name in keyof Values]?: Values[Name] | undefined }

/** Timeouts of an upstream in milliseconds; 0 disables one. */
export interface ProxyTimeouts {
  /** Until the connection, with its TLS handshake, is established. Default 10000. */
  connectMs: number
  /** From the request to the header section of the reply. Default: the option `timeout`. */
  headersMs: number
  /** Between two chunks of the reply's content; not applied to event streams. Default: the option `timeout`. */
  bodyIdleMs: number
  /** For the whole exchange; not applied to event streams. Default 0. */
  totalMs: number
  /** From an upgrade request to its reply. Default: the option `timeout`. */
  upgradeMs: number
}

/** Active health checks. */
export interface HealthOptions {
  /** Path to request; a status below 400 is healthy. */
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
  /** File with certificates (PEM) to trust in addition to the system's. */
  readonly ca?: string | undefined
  /** Name expected in the certificate. Default: the upstream's. */
  readonly servername?: string | undefined
  /** File with the client certificate (PEM). */
  readonly cert?: string | undefined
  /** File with its key (PEM). */
  readonly key?: string | undefined
}

/** One upstream of a route. */
export interface ResolvedUpstream {
  /** Name in logs: `localhost:3000`, `https://api.test`, `unix:/run/app.sock`. It holds no credentials. */
  readonly label: string
  readonly protocol: 'http:' | 'https:' | 'h2:' | 'h2c:'
  /** Name or address without brackets; `localhost` for a unix socket. */
  readonly hostname: string
  readonly port: number
  /** Absolute path of a unix socket, else undefined. */
  readonly socketPath: string | undefined
  /** Value of `Host` with `changeOrigin`: the name, IPv6 in brackets, and the port unless it is the scheme's default. */
  readonly authority: string
  /** Replaces the matched prefix; without a final slash (`''` for the root). Undefined keeps the path. */
  readonly prefix: string | undefined
}

/** A proxy action with every default filled in. */
export interface ResolvedProxy {
  readonly upstreams: readonly ResolvedUpstream[]
  readonly balance: 'round' | 'least' | 'random' | 'hash'
  readonly hashBy: { readonly kind: 'header' | 'cookie'; readonly name: string } | undefined
  readonly changeOrigin: boolean
  /** `set` is a flat list of fields, `remove` holds names in lower case. */
  readonly requestFields: { readonly set: readonly string[]; readonly remove: readonly string[] }
  /** Names in lower case, or true for all. */
  readonly passHeaders: true | readonly string[]
  readonly replyFields: { readonly set: readonly string[]; readonly remove: readonly string[] }
  readonly buffer: boolean
  readonly rewrite: boolean
  /** Authorities in lower case, or ports with a colon before them. */
  readonly aliases: readonly string[]
  /** `<loc>` or `href=`, each once. */
  readonly rewriteBody: readonly string[]
  readonly scriptName: boolean
  readonly cookiePath: string | undefined
  readonly live: boolean
  readonly debug: boolean
  readonly retries: number
  /** Undefined: the default depends on the kind of request. */
  readonly hold: number | undefined
  readonly timeouts: Readonly<ProxyTimeouts>
  readonly health: { readonly path: string; readonly intervalMs: number; readonly timeoutMs: number } | undefined
  /** Absolute paths of files. */
  readonly tls: Omit<UpstreamTlsOptions, 'verify'> & { readonly verify: boolean }
}
