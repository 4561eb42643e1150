import { authorityFolder } from './authority/folder.ts'
import { systemClock } from './clock.ts'
import { localCertificates } from './issue/local-certificates.ts'
import { ownCertificates } from './user-certificates/user-certificates.ts'
import type { CertificateOptions, Certificates, Clock } from './types.ts'

export { authorityFolder } from './authority/folder.ts'
export { manageAuthority, openAuthority } from './authority/managed-authority.ts'
export type { CertificateOptions, Certificates, CertificateWarning, OwnCertificate } from './types.ts'

/**
 * The certificates of a TLS server: those of the user's own where there are any, else those that the local authority
 * of this user makes. The authority is made where there is none; nothing is told to trust it.
 *
 * @param clock Default: the system's.
 * @throws ServeError `E8008_CERT` for files of the user that cannot be used, `E8008_AUTHORITY` where the authority is
 *   damaged, expired, or cannot be kept.
 */
export async function createCertificates(
  options: CertificateOptions,
  clock: Clock = systemClock,
): Promise<Certificates> {
  if (options.own.length > 0) return ownCertificates(options, clock)
  const { folder = authorityFolder(), onWarning } = options
  return localCertificates(options, { folder, clock, onWarning })
}
