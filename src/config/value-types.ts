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
