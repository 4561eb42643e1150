import type { ResolvedConfig } from '../config/types.ts'
import type { Certificates } from '../tls/tls.ts'
import type { Warning } from '../core/warning.ts'

/**
 * Reads the user's own certificates as a start does.
 *
 * @returns warnings about them.
 * @throws ServeError for files that cannot be used.
 */
export async function checkCertificates(config: Pick<ResolvedConfig, 'tls'>): Promise<Warning[]> {
  const warnings: Warning[] = []
  await readOnce(config, (warning) => void warnings.push(warning))
  return warnings
}

/**
 * Compiles the check whether a name is in one of the user's own certificates: a server answers for these names.
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
