import { authorityFolder } from './authority/folder.ts'
import { systemClock, type Clock } from './clock.ts'
import { localCertificates } from './issue/local-certificates.ts'
import { userCertificates } from './user-certificates/user-certificates.ts'
import type { CertificateOptions, Certificates } from './types.ts'

export { authorityFolder } from './authority/folder.ts'
export { manageAuthority, openAuthority } from './authority/managed-authority.ts'
export type { CertificateOptions, Certificates, CertificateWarning, UserCertificate } from './types.ts'

/**
 * The certificates of a TLS server: the user's certificates if there are any, else certificates that the local authority
 * of this user issues. Creates the authority when there is none, and changes no trust store.
 *
 * @param clock Default: the system's.
 * @throws ServeError `E8008_CERT` for certificate files that cannot be used, `E8008_AUTHORITY` for an authority that is
 *   damaged, expired, or cannot be stored.
 */
export async function createCertificates(
  options: CertificateOptions,
  clock: Clock = systemClock,
): Promise<Certificates> {
  if (options.own.length > 0) return userCertificates(options, clock)
  const { folder = authorityFolder(), onWarning } = options
  return localCertificates(options, { folder, clock, onWarning })
}
