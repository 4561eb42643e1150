import type { ResolvedConfig } from '../config/types.ts'
import type { Warning } from '../errors/warning.ts'

/**
 * Reads the certificates of the user's own, as a start would.
 *
 * @returns what a person should know about them.
 * @throws ServeError for files that cannot be used.
 */
export async function checkCertificates({ tls }: Pick<ResolvedConfig, 'tls'>): Promise<Warning[]> {
  if (tls === undefined || tls.certificates.length === 0) return []
  const { createCertificates } = await import('../tls/tls.ts')
  const warnings: Warning[] = []
  const onWarning = (warning: Warning): void => void warnings.push(warning)
  const certificates = await createCertificates({ own: tls.certificates, hosts: [], onWarning, onChange: () => {} })
  certificates.close()
  return warnings
}
