import { readFile } from 'node:fs/promises'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { ServeError } from '../errors/serve-error.ts'

/** The files of one certificate, as absolute paths. */
export interface OwnCertificate {
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  readonly pfx?: string
  readonly passphrase?: string
}

/** What certificates are needed for. */
export interface CertificateOptions {
  readonly own: readonly OwnCertificate[]
  readonly hosts: readonly string[]
  readonly folder?: string
  readonly onWarning: (warning: { code: string; message: string; hint?: string }) => void
  /** The current certificate is another one. */
  readonly onChange: () => void
}

/** The certificates of a server. */
export interface Certificates {
  current(): SecureContextOptions
  contextFor(servername: string): Promise<SecureContext>
  close(): void
}

/** Reads the certificates of a server. */
export async function createCertificates({ own }: CertificateOptions): Promise<Certificates> {
  const [first] = own
  if (first?.cert === undefined || first.key === undefined) {
    throw new ServeError('E8008_INTERNAL', 'There is no certificate.', { hint: 'name one: --cert FILE --key FILE' })
  }
  const [cert, key] = await Promise.all([readFile(first.cert), readFile(first.key)])
  const current = { cert, key }
  const context = createSecureContext(current)
  return { current: () => current, contextFor: async () => context, close: () => {} }
}
