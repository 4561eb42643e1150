import type { ResolvedRoute } from './route-types.ts'
import type { ResolvedListener, ResolvedLive, ResolvedTls } from './value-types.ts'

/** The part of the configuration that several options decide together, or one under another name. */
export interface JointConfig {
  /** Where connections are accepted: those of `listeners`, else one for plain HTTP and with `tls` one for HTTPS. */
  readonly listeners: readonly ResolvedListener[]
  /** Whether the options beside `sites` are a site, which answers for every other name. */
  readonly defaultSite: boolean
  /** Ports of the first listener for plain HTTP, in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether the next port is tried when one is in use. @internal */
  readonly fallback: boolean
  /** Where to listen: `localhost` for both loopback addresses, otherwise an address or a name. */
  readonly host: string
  readonly lan: boolean
  readonly socket: string | undefined
  readonly fd: number | undefined
  /** That of the first listener for HTTPS; undefined where nothing is served under TLS. */
  readonly tls: ResolvedTls | undefined
  /** Which plain requests are redirected to HTTPS. */
  readonly redirect: 'always' | 'asked' | undefined
  /** Whether HTTP/2 is served without TLS. */
  readonly h2c: boolean
  /** Whether adding a route to `h2c:` enables `h2c`: not where the user has set it. @internal */
  readonly h2cFollows: boolean
  /** The `Cache-Control` value of files. */
  readonly cacheControl: string
  readonly allowHosts: readonly string[]
  readonly auth: { readonly user: string; readonly password: string } | undefined
  /** Absolute path of an htpasswd file. */
  readonly authFile: string | undefined
  /** Addresses, networks, `loopback` and `private`; undefined for all. */
  readonly allow: readonly string[] | undefined
  /** Origins and `same`, empty for `none`; undefined for all. */
  readonly origin: readonly string[] | undefined
  /** Path prefix with a slash at both ends; `/` for none. */
  readonly base: string
  /** Routes of `proxy`, `routes` and `mounts`. */
  readonly routes: readonly ResolvedRoute[]
  /** Timeout of upstreams in milliseconds, where a route has none of its own; 0 is none. */
  readonly timeoutMs: number
  /** Undefined when pages are not reloaded. */
  readonly live: ResolvedLive | undefined
  /** Absolute paths that are never served: the config file, the password file and the files of certificates. @internal */
  readonly secretFiles: readonly string[]
}
