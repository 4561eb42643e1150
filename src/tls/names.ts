import { isIP, SocketAddress } from 'node:net'
import { domainToASCII } from 'node:url'
import { addressSet, unbracketed, unmapped } from '../core/util/ip.ts'

/**
 * Domains that are nobody's on the public internet: .localhost and .test (RFC 6761), .local (RFC 6762), home.arpa
 * (RFC 8375), and .internal, which ICANN keeps for private use. A constraint covers the name and every name below it
 * (RFC 5280 section 4.2.1.10).
 */
export const permittedDomains = ['localhost', 'local', 'test', 'internal', 'home.arpa'] as const

/**
 * Ranges that no one owns: loopback, private (RFC 1918), link-local (RFC 3927), shared (RFC 6598, as VPNs use it), and
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

/** Whether the local authority may vouch for a name or an address. Its certificate limits it to these. */
export function isPermitted(name: string): boolean {
  if (isIP(name) !== 0) return isPermittedAddress(name)
  if (isWholeDomain(name)) return false
  return isPermittedDomain(name) || permittedDomains.some((domain) => name.endsWith(`.${domain}`))
}

/**
 * Whether a name is a star for every name below a whole domain, such as `*.localhost`. Clients do not accept it: OpenSSL,
 * Node and Firefox want two labels behind a star, Chromium wants more than a public suffix, which `home.arpa` is.
 * Firefox refuses the whole certificate for it if the authority has name constraints, service_identity in any case.
 */
export function isWholeDomain(name: string): boolean {
  return name.startsWith('*.') && (!name.slice(2).includes('.') || isPermittedDomain(name.slice(2)))
}

function isPermittedDomain(name: string): boolean {
  return permittedDomains.some((domain) => name === domain)
}

/**
 * The one spelling of a host that certificates hold: lower case, A-labels, no final dot; an address without brackets
 * and zone, IPv6 in its shortest form. A leading `*.` stands for one label.
 *
 * @returns undefined for what is no name of a host.
 */
export function canonicalName(text: string): string | undefined {
  const plain = unbracketed(text.trim())
  const host = plain.includes(':') ? plain.replace(/%.*$/, '') : plain
  const family = isIP(host)
  if (family === 4) return host
  // One that holds an IPv4 address is that address: no constraint for IPv6 has room for it.
  if (family === 6) return unmapped(new SocketAddress({ address: host, family: 'ipv6' }).address)
  const star = host.startsWith('*.') ? '*.' : ''
  // A URL's host would end at these.
  if (/[\s/\\?#@:]/.test(host)) return undefined
  const name = domainToASCII(host.slice(star.length).replace(/\.$/, ''))
  // What domainToASCII takes for an address in another notation, such as `2130706433`, is meant as one.
  if (isIP(name) === 4) return star === '' ? name : undefined
  const isName =
    name.length <= 253 && name.split('.').every((label) => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/.test(label))
  return isName ? star + name : undefined
}

/** Whether a name of a certificate covers a host: itself, or a star in place of its first label (RFC 9525 section 6.3). */
export function covers(pattern: string, host: string): boolean {
  if (pattern === host) return true
  const dot = host.indexOf('.')
  return pattern.startsWith('*.') && dot > 0 && host.slice(dot) === pattern.slice(1)
}

/** Whether a name is no star for a whole domain of the public internet, such as `*.com`. */
export function isNarrow(name: string): boolean {
  return !isWholeDomain(name) || isPermittedDomain(name.slice(2))
}

/** The names and addresses of a certificate's subjectAltName, as `X509Certificate.subjectAltName` writes them. */
export function namesOf(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? '').split(', ').flatMap((entry) => {
    const [, name = ''] = /^(?:DNS|IP Address):(.+)$/.exec(entry) ?? []
    return canonicalName(name) ?? []
  })
}
