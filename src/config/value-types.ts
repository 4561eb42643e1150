import type { ResolvedRoute } from './route-types.ts'

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
  /** Bytes of the content of a message that a recording keeps; the rest is counted. Default 65536. */
  recordedContentBytes: number
  /** Exchanges that recordings keep; beyond it the oldest is dropped. Default 1000. */
  recordedExchanges: number
  /** Bytes of fields and content that recordings keep; beyond it the oldest exchange is dropped. Default 64 MiB. */
  recordedBytes: number
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
  /** Absolute paths that are never served: the config file, the password file and the files of certificates. */
  readonly secretFiles: readonly string[]
}

/** Options after validation: undefined is removed, at any depth. */
export type Checked<Value> = Value extends object
  ? { [Name in keyof Value]: Checked<Exclude<Value[Name], undefined>> }
  : Value
