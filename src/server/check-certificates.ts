import type { ResolvedConfig } from '../config/types.ts'
import type { Certificates } from '../tls/tls.ts'
import type { Warning } from '../core/warning.ts'

/**
 * Reads the certificates of the user's own, as a start would.
 *
 * @returns what a person should know about them.
 * @throws ServeError for files that cannot be used.
 */
export async function checkCertificates(config: Pick<ResolvedConfig, 'tls'>): Promise<Warning[]> {
  const warnings: Warning[] = []
  await readOnce(config, (warning) => void warnings.push(warning))
  return warnings
}

/**
 * Tells which names are those of certificates of the user's own, for which a server answers.
 *
 * @throws ServeError for files that cannot be used.
 */
export async function certifiedNames(config: Pick<ResolvedConfig, 'tls'>): Promise<(name: string) => boolean> {
  const certificates = await readOnce(config, () => {})
  return (name) => certificates?.isNamed(name) === true
}

async function readOnce(
  { tls }: Pick<ResolvedConfig, 'tls'>,
  onWarning: (warning: Warning) => void,
): Promise<Pick<Certificates, 'isNamed'> | undefined> {
  if (tls === undefined || tls.certificates.length === 0) return undefined
  const { createCertificates } = await import('../tls/tls.ts')
  const certificates = await createCertificates({ own: tls.certificates, hosts: [], onWarning, onChange: () => {} })
  certificates.close()
  return certificates
}
