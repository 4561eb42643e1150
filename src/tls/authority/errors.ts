import type { X509Certificate } from 'node:crypto'
import { ServeError } from '../../core/serve-error.ts'

/** The file holds no certificate of an authority, or not its key. */
export function damaged(file: string, folder: string, cause?: unknown): ServeError {
  return refusal(`${file} is damaged: it does not hold the local authority.`, { hint: renewal(folder), cause })
}

/** The certificate exists, and programs may trust it, but its key is lost. */
export function keyless(folder: string): ServeError {
  const message = `The local authority in ${folder} has lost its key, authority-key.pem, and cannot issue certificates.`
  return refusal(message, { hint: renewal(folder) })
}

/** Clients reject the certificates of an expired authority. */
export function expired(certificate: X509Certificate, folder: string): ServeError {
  return refusal(`The local authority in ${folder} expired on ${certificate.validTo}.`, { hint: renewal(folder) })
}

/** {@link issueAuthority} did not make it. */
export function foreign(fault: string, folder: string): ServeError {
  const message = `The authority in ${folder} is not one that serve8008 makes: ${fault}. It is not used.`
  return refusal(message, { hint: renewal(folder) })
}

/** Another user could replace it, or made the link that points to it. */
export function misplaced(path: string, fault: string): ServeError {
  return refusal(`${path} ${fault}, so the local authority there is not used.`, {
    hint: fault.includes('link')
      ? 'run it without sudo, or replace the link by the folder itself'
      : 'make this user its owner, or use your own certificate (cert and key)',
  })
}

/** This user may not read it. */
export function unreadable(file: string, cause: unknown): ServeError {
  return refusal(`${file} of the local authority cannot be read.`, {
    hint: 'make this user its owner, or use your own certificate (cert and key)',
    cause,
  })
}

/** This user may not write there. */
export function unwritable(folder: string, cause: unknown): ServeError {
  return refusal(`The local authority cannot be stored in ${folder}.`, {
    hint: 'make the folder writable for this user, or use your own certificate (cert and key)',
    cause,
  })
}

/**
 * How to replace the authority: the next start creates one when there is none. The command replaces this hint by
 * `trust --renew`.
 */
export function renewal(folder: string): string {
  return `delete ${folder}; a new authority is created and must be trusted again (serve8008 trust)`
}

function refusal(message: string, more: { readonly hint: string; readonly cause?: unknown }): ServeError {
  return new ServeError('E8008_AUTHORITY', message, more)
}
