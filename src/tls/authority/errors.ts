import type { X509Certificate } from 'node:crypto'
import { ServeError } from '../../core/serve-error.ts'

/** The file holds no certificate of an authority, or not the key of the one beside it. */
export function damaged(file: string, folder: string, cause?: unknown): ServeError {
  return refusal(`${file} is damaged: it does not hold the local authority.`, { hint: renewal(folder), cause })
}

/** The certificate is there, and others may trust it, but its key is gone. */
export function keyless(folder: string): ServeError {
  const message = `The local authority in ${folder} has lost its key, authority-key.pem, and can make no certificates.`
  return refusal(message, { hint: renewal(folder) })
}

/** Nobody accepts what it makes. */
export function expired(certificate: X509Certificate, folder: string): ServeError {
  return refusal(`The local authority in ${folder} expired on ${certificate.validTo}.`, { hint: renewal(folder) })
}

/** Whoever put it there, whatever it may vouch for: it is none that {@link mintAuthority} makes. */
export function foreign(fault: string, folder: string): ServeError {
  const message = `The authority in ${folder} is not one that serve8008 makes: ${fault}. It is not used.`
  return refusal(message, { hint: renewal(folder) })
}

/** Another user could exchange it, or has led us to it. */
export function misplaced(path: string, fault: string): ServeError {
  return refusal(`${path} ${fault}, so the local authority there is not used.`, {
    hint: fault.includes('link')
      ? 'leave out sudo, or put the folder itself in place of the link'
      : 'see that it belongs to you, or use a certificate of your own',
  })
}

/** It may not be read. */
export function unreadable(file: string, cause: unknown): ServeError {
  return refusal(`${file} of the local authority cannot be read.`, {
    hint: 'see that it belongs to you, or use a certificate of your own',
    cause,
  })
}

/** It may not be written. */
export function unwritable(folder: string, cause: unknown): ServeError {
  return refusal(`The local authority cannot be kept in ${folder}.`, {
    hint: 'see that the folder belongs to you and can be written, or use a certificate of your own',
    cause,
  })
}

/**
 * How to come to a new authority. The next start makes one where there is none; the command has `trust --renew`, and
 * says so in place of this.
 */
export function renewal(folder: string): string {
  return `take ${folder} away, and a new authority is made, which has to be trusted again`
}

function refusal(message: string, more: { readonly hint: string; readonly cause?: unknown }): ServeError {
  return new ServeError('E8008_AUTHORITY', message, more)
}
