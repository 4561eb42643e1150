import { isIP } from 'node:net'
import { canonicalName, isPermitted } from '../names.ts'
import type { CertificateWarning } from '../types.ts'

/** Which names the certificates of a server hold. */
export interface AllowedNames {
  /** Those of the certificate for clients that name no host. */
  readonly always: readonly string[]
  /** Whether a further certificate may be made for a host, which is canonical. */
  allows(host: string): boolean
}

const loopback = ['localhost', '127.0.0.1', '::1']
const unspecified = new Set(['0.0.0.0', '::'])

/**
 * Sorts the hosts of a server. A certificate holds exact names only: a star for a whole domain is refused by most
 * clients, and next to any other star Python's service_identity fails at `localhost`. What the local authority may not
 * vouch for is left out, as one such name would make the whole certificate invalid. Names and IPv4 addresses that are
 * left out are reported; the global IPv6 addresses that most networks hand out are not.
 */
export function allowedNames(hosts: readonly string[], onWarning: (warning: CertificateWarning) => void): AllowedNames {
  const known = hosts.flatMap((host) => {
    const isSuffix = host.startsWith('.')
    const name = canonicalName(isSuffix ? host.slice(1) : host)
    return name === undefined || unspecified.has(name) ? [] : [{ name, isSuffix }]
  })
  const permitted = known.filter(({ name }) => isPermitted(name))
  const foreign = known.map(({ name }) => name).filter((name) => !isPermitted(name) && isIP(name) !== 6)
  if (foreign.length > 0) {
    onWarning({
      code: 'W8008_CERT_NAME',
      message: `The local authority vouches for local names only, so browsers will refuse ${[...new Set(foreign)].join(', ')} over TLS.`,
      hint: 'a name below .localhost, .test or .internal, or a certificate of your own',
    })
  }
  const always = [...new Set([...loopback, ...permitted.map(({ name }) => name)])]
  const suffixes = ['.localhost', ...permitted.filter(({ isSuffix }) => isSuffix).map(({ name }) => `.${name}`)]
  return {
    always,
    allows: (host) => isIP(host) === 0 && (always.includes(host) || suffixes.some((suffix) => host.endsWith(suffix))),
  }
}
