import type { WarningCode } from '../core/warning.ts'
import type { SecureContext, SecureContextOptions } from 'node:tls'

/** A certificate of the user, by absolute paths: `cert` and `key` (which may be one file), or `pfx`. */
export interface UserCertificate {
  /** PEM: the certificate, then its intermediates. */
  readonly cert?: string
  /** PEM, possibly encrypted. Default: the file of `cert`. */
  readonly key?: string
  /** PEM with more intermediates. */
  readonly ca?: string
  /** PKCS #12, instead of `cert` and `key`. */
  readonly pfx?: string
  /** Opens an encrypted `key` or `pfx`. */
  readonly passphrase?: string
}

/** A problem that does not stop the server, but that the user should know. */
export interface CertificateWarning {
  readonly code: Extract<WarningCode, 'W8008_CERT' | 'W8008_CERT_NAME' | 'W8008_AUTHORITY' | 'W8008_UNTRUSTED'>
  /** One sentence. */
  readonly message: string
  /** How to fix it. */
  readonly hint?: string
}

/** Which certificates to read or issue. */
export interface CertificateOptions {
  /** Certificates of the user. Empty: the local authority issues them. */
  readonly own: readonly UserCertificate[]
  /**
   * Hosts that the server answers for beside localhost, names below it, 127.0.0.1 and ::1: names, addresses, and
   * `.example.test` for every name below one.
   */
  readonly hosts: readonly string[]
  /** Folder of the local authority. Default: {@link authorityFolder} of this user. */
  readonly folder?: string
  readonly onWarning: (warning: CertificateWarning) => void
  /** Called when the certificate for clients that name no host changed. */
  readonly onChange: () => void
  /** Called when a certificate of the user was reloaded from its files (absolute paths). */
  readonly onReplaced?: (files: readonly string[]) => void
}

/** The certificates of a server. */
export interface Certificates {
  /** Certificate and key for clients that name no host. */
  current(): SecureContextOptions
  /**
   * The certificate for a name (SNI, RFC 6066 section 3). Issued on demand when the name is allowed, otherwise the one of
   * {@link current}. Never rejects.
   */
  contextFor(servername: string): Promise<SecureContext>
  /** Whether a client that asks for a host gets a certificate that holds it; true when the names of one are unknown. */
  covers(host: string): boolean
  /**
   * Whether a certificate of the user is for a name, so that the server may answer for it. False for an address, and for a
   * name that only a wildcard for a whole public domain covers.
   */
  isNamed(host: string): boolean
  /**
   * Replaces the hosts that were added since the start. The local authority issues certificates for them when clients ask.
   * The hosts of the start stay.
   */
  follow(hosts: readonly string[]): void
  /** A name of a certificate of the user, without a wildcard. */
  readonly firstName: string | undefined
  /** Stops polling files and renewing certificates. */
  close(): void
}

/** A certificate and its key, both PEM. */
export interface Pair {
  readonly cert: string
  readonly key: string
}
