import { isIP } from 'node:net'
import { canonicalName, isPermitted } from '../names.ts'
import type { CertificateWarning } from '../types.ts'

/** Which names the certificates of a server may hold. */
export interface SanPolicy {
  /** The names of the certificate for clients that name no host. */
  readonly always: readonly string[]
  /** Whether a certificate may be issued for a host in its canonical spelling. */
  allows(host: string): boolean
}

const loopback = ['localhost', '127.0.0.1', '::1']
const unspecified = new Set(['0.0.0.0', '::'])

/**
 * Decides which hosts of a server its certificates hold. Exact names only: most clients reject a wildcard for a whole
 * domain, and beside any other wildcard Python's service_identity rejects `localhost`. Leaves out names that the name
 * constraints forbid, because one would make the whole certificate invalid, and warns of them. Does not warn of global
 * IPv6 addresses, which most networks assign.
 */
export function createSanPolicy(hosts: readonly string[], onWarning: (warning: CertificateWarning) => void): SanPolicy {
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
