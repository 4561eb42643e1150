import net, { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { addressSet, unbracketed, unmapped } from '../core/util/ip.ts'

/**
 * Domains that have no owner on the public internet: .localhost and .test (RFC 6761), .local (RFC 6762), home.arpa
 * (RFC 8375), and .internal, which ICANN keeps for private use. A constraint covers the name and every name below it
 * (RFC 5280 section 4.2.1.10).
 */
export const permittedDomains = ['localhost', 'local', 'test', 'internal', 'home.arpa'] as const

/**
 * Address ranges that have no owner on the public internet: loopback, private (RFC 1918), link-local (RFC 3927), shared (RFC 6598, as VPNs use it), and
 * of IPv6 loopback, unique local (RFC 4193) and link-local (RFC 4291 section 2.5.6).
 */
export const permittedRanges = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
] as const

const isPermittedAddress = addressSet(permittedRanges)

/** Whether the local authority may issue a certificate for a name or an address. Its name constraints allow only these. */
export function isPermitted(name: string): boolean {
  if (isIP(name) !== 0) return isPermittedAddress(name)
  if (isWholeDomain(name)) return false
  return isPermittedDomain(name) || permittedDomains.some((domain) => name.endsWith(`.${domain}`))
}

/**
 * Whether a name is a wildcard for a whole domain, such as `*.localhost`. Clients do not accept it: OpenSSL, Node and
 * Firefox need two labels after the star, Chromium needs more than a public suffix, which `home.arpa` is. With name
 * constraints Firefox rejects the whole certificate; Python's service_identity always does.
 */
export function isWholeDomain(name: string): boolean {
  return name.startsWith('*.') && (!name.slice(2).includes('.') || isPermittedDomain(name.slice(2)))
}

function isPermittedDomain(name: string): boolean {
  return permittedDomains.some((domain) => name === domain)
}

/**
 * The spelling of a host in certificates: lower case, A-labels, no final dot; an address without brackets and zone, IPv6
 * in its shortest form. A leading `*.` is a wildcard for one label.
 *
 * @returns undefined for a text that is not a host.
 */
export function canonicalName(text: string): string | undefined {
  const plain = unbracketed(text.trim())
  const host = plain.includes(':') ? plain.replace(/%.*$/, '') : plain
  const family = isIP(host)
  if (family === 4) return host
  // An IPv4-mapped address becomes IPv4: the name constraints for IPv6 do not include it.
  if (family === 6) return unmapped(new net.SocketAddress({ address: host, family: 'ipv6' }).address)
  const star = host.startsWith('*.') ? '*.' : ''
  // A URL's host would end at these.
  if (/[\s/\\?#@:]/.test(host)) return undefined
  const name = domainToASCII(host.slice(star.length).replace(/\.$/, ''))
  // domainToASCII reads other notations of an address, such as `2130706433`.
  if (isIP(name) === 4) return star === '' ? name : undefined
  const isName =
    name.length <= 253 && name.split('.').every((label) => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/.test(label))
  return isName ? star + name : undefined
}

/** Whether a name of a certificate covers a host: it is equal, or a wildcard for its first label (RFC 9525 section 6.3). */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === host) return true
  const dot = host.indexOf('.')
  return pattern.startsWith('*.') && dot > 0 && host.slice(dot) === pattern.slice(1)
}

/** Whether a name is anything but a wildcard for a whole public domain, such as `*.com`. */
export function isNarrow(name: string): boolean {
  return !isWholeDomain(name) || isPermittedDomain(name.slice(2))
}

/** The names and addresses of a certificate's subjectAltName, as `X509Certificate.subjectAltName` writes them. */
export function certificateNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? '').split(', ').flatMap((entry) => {
    const [, name = ''] = /^(?:DNS|IP Address):(.+)$/.exec(entry) ?? []
    return canonicalName(name) ?? []
  })
}
