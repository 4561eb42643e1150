import type { ResolvedConfig } from '../config/types.ts'
import type { Certificates } from '../tls/tls.ts'
import type { Warning } from '../core/warning.ts'

/**
 * Reads the user's own certificates as a start does.
 *
 * @returns warnings about them.
 * @throws ServeError for files that cannot be used.
 */
export async function checkCertificates(config: Pick<ResolvedConfig, 'listeners'>): Promise<Warning[]> {
  const warnings: Warning[] = []
  await readOnce(config, (warning) => void warnings.push(warning))
  return warnings
}

/**
 * Compiles the check whether a name is in one of the user's own certificates: a server answers for these names.
 *
 * @throws ServeError for files that cannot be used.
 */
export async function certifiedNames(config: Pick<ResolvedConfig, 'listeners'>): Promise<(name: string) => boolean> {
  const certificates = await readOnce(config, () => {})
  return (name) => certificates.some((each) => each.isNamed(name))
}

async function readOnce(
  { listeners }: Pick<ResolvedConfig, 'listeners'>,
  onWarning: (warning: Warning) => void,
): Promise<readonly Pick<Certificates, 'isNamed'>[]> {
  const lists = listeners.flatMap(({ certificates }) => (certificates.length === 0 ? [] : [certificates]))
  // Listeners that need the same certificates share them.
  const distinct = new Map(lists.map((list) => [JSON.stringify(list), list]))
  if (distinct.size === 0) return []
  const { createCertificates } = await import('../tls/tls.ts')
  return Promise.all(
    [...distinct.values()].map(async (own) => {
      const certificates = await createCertificates({ own, hosts: [], onWarning, onChange: () => {} })
      certificates.close()
      return certificates
    }),
  )
}
