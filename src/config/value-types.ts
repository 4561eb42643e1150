import type { ResolvedRoute } from './route-types.ts'

/** Format of the access log. */
export type LogFormat = 'pretty' | 'common' | 'combined' | 'json' | 'none'

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

/** Origins that may read replies: `*` for every one, or undefined for none. */
export type AllowedOrigins = '*' | readonly string[] | undefined

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

/** The part of the configuration that several options decide together, or one under another name. */
export interface JointConfig {
  /** Ports in the order they are tried. */
  readonly ports: readonly number[]
  /** Whether the next port is tried when one is in use. @internal */
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
  /** Whether adding a route to `h2c:` enables `h2c`: not where the user has set it. @internal */
  readonly h2cFollows: boolean
  /** The `Cache-Control` value of files. */
  readonly cacheControl: string
  readonly allowHosts: readonly string[]
  readonly auth: { readonly user: string; readonly password: string } | undefined
  /** Absolute path of an htpasswd file. */
  readonly authFile: string | undefined
  /** Path prefix with a slash at both ends; `/` for none. */
  readonly base: string
  /** Routes of `proxy` and `routes`. */
  readonly routes: readonly ResolvedRoute[]
  /** Timeout of upstreams in milliseconds, where a route has none of its own; 0 is none. */
  readonly timeoutMs: number
  /** Undefined when pages are not reloaded. */
  readonly live: ResolvedLive | undefined
  /** Absolute paths that are never served: the config file, the password file and the files of certificates. @internal */
  readonly secretFiles: readonly string[]
}

/** Options after validation: undefined is removed, at any depth. @internal */
export type Checked<Value> = Value extends object
  ? { [Name in keyof Value]: Checked<Exclude<Value[Name], undefined>> }
  : Value
