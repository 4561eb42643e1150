import { isIP } from 'node:net'
import { canonicalName, covers, isPermitted } from './names.ts'
import type { CertificateWarning } from './types.ts'

/** Which names the certificates of a server hold. */
export interface AllowedNames {
  /** Those of the certificate for clients that name no host. */
  readonly always: readonly string[]
  /** Whether a further certificate may be made for a host, which is canonical. */
  allows(host: string): boolean
}

const loopback = ['localhost', '*.localhost', '127.0.0.1', '::1']
const unspecified = new Set(['0.0.0.0', '::'])

/**
 * Sorts the hosts of a server. What the local authority may not vouch for is left out: one such name would make the
 * whole certificate invalid. Names and IPv4 addresses that are left out are told of; the global IPv6 addresses that
 * most networks hand out are not.
 */
export function allowedNames(hosts: readonly string[], onWarning: (warning: CertificateWarning) => void): AllowedNames {
  const names = hosts.flatMap((host) => {
    const isSuffix = host.startsWith('.')
    const name = canonicalName(isSuffix ? host.slice(1) : host)
    if (name === undefined || unspecified.has(name)) return []
    return isSuffix ? [name, `*.${name}`] : [name]
  })
  const foreign = [...new Set(names)].filter((name) => !isPermitted(name))
  const told = foreign.filter((name) => isIP(name) !== 6 && !name.startsWith('*.'))
  if (told.length > 0) {
    onWarning({
      code: 'W8008_CERT_NAME',
      message: `The local authority vouches for local names only, so browsers will refuse ${told.join(', ')} over TLS.`,
      hint: 'a name below .localhost, .test or .internal, or a certificate of your own',
    })
  }
  const own = names.filter((name) => isPermitted(name))
  const always = [...new Set([...loopback, ...own])]
  const suffixes = ['.localhost', ...own.filter((name) => name.startsWith('*.')).map((name) => name.slice(1))]
  return {
    always,
    allows: (host) =>
      isIP(host) === 0 &&
      (suffixes.some((suffix) => host.endsWith(suffix)) || always.some((name) => covers(name, host))),
  }
}
