import type { WarningCode } from '../core/warning.ts'
import type { SecureContext, SecureContextOptions } from 'node:tls'

/** A certificate of the user's own, by absolute paths: `cert` and `key` (which may be one file), or `pfx`. */
export interface OwnCertificate {
  /** PEM: the certificate, then what leads from it to a root. */
  readonly cert?: string
  /** PEM, possibly encrypted. Default: the file of `cert`. */
  readonly key?: string
  /** PEM with further certificates between `cert` and a root. */
  readonly ca?: string
  /** PKCS #12, instead of `cert` and `key`. */
  readonly pfx?: string
  /** Opens an encrypted `key` or `pfx`. */
  readonly passphrase?: string
}

/** Something that does not stop us, but that the user should know. */
export interface CertificateWarning {
  readonly code: Extract<WarningCode, 'W8008_CERT' | 'W8008_CERT_NAME' | 'W8008_AUTHORITY' | 'W8008_UNTRUSTED'>
  /** One sentence. */
  readonly message: string
  /** The way out in words. */
  readonly hint?: string
}

/** What certificates are made or read for. */
export interface CertificateOptions {
  /** Certificates of the user's own. Empty: the local authority makes them. */
  readonly own: readonly OwnCertificate[]
  /**
   * Hosts that the server answers for beside localhost, names below it, 127.0.0.1 and ::1: names, addresses, and
   * `.example.test` for every name below one.
   */
  readonly hosts: readonly string[]
  /** Where the local authority lives. Default: {@link authorityFolder} of this user. */
  readonly folder?: string
  readonly onWarning: (warning: CertificateWarning) => void
  /** The certificate for clients that name no host has changed. */
  readonly onChange: () => void
  /** A certificate of the user's own was replaced by what its files, absolute paths, hold now. */
  readonly onReplaced?: (files: readonly string[]) => void
}

/** The certificates of a server. */
export interface Certificates {
  /** Certificate and key for clients that name no host. */
  current(): SecureContextOptions
  /**
   * The certificate for a name (RFC 6066 section 3), made on demand where we may vouch for it, otherwise the one of
   * {@link current}. Never rejects.
   */
  contextFor(servername: string): Promise<SecureContext>
  /** Whether a client that asks for a host gets a certificate that holds it; true where a certificate does not tell. */
  covers(host: string): boolean
  /**
   * Whether a certificate of the user's own is for a name: who holds the key answers for it. Never an address, nor a
   * name below a star that stands for a whole public domain.
   */
  isNamed(host: string): boolean
  /**
   * Takes the hosts of the server as they are from now on, in place of those that came since the start: the local
   * authority makes certificates for them when clients ask. Those of the start stay.
   */
  follow(hosts: readonly string[]): void
  /** A name that certificates of the user's own are for, without a star. */
  readonly firstName: string | undefined
  /** Stops following files and renewing. */
  close(): void
}

/** Time, so that a test need not wait for it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls once after so many milliseconds, without holding the process; returns how to call that off. */
  after(ms: number, act: () => void): () => void
}

/** A certificate and its key, both PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}
