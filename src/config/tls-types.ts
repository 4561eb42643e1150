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
