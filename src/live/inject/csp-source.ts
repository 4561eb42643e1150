import type { Exchange } from '../../http/message/exchange.ts'

/** The origin of a page. */
export interface PageOrigin {
  readonly scheme: 'http' | 'https'
  /** Empty where it is not known. */
  readonly host: string
  readonly port: number
}

/** The origin that a browser gives to the page of an exchange. */
export function pageOrigin(x: Exchange): PageOrigin {
  const { authority, peer } = x
  const scheme = peer.encrypted ? 'https' : 'http'
  if (authority === undefined) return { scheme, host: '', port: defaultPort(scheme) }
  const { hostname, port = defaultPort(scheme), kind } = authority
  return { scheme, host: kind === 'ipv6' ? `[${hostname}]` : hostname, port }
}

const schemeSource = /^([a-z][a-z0-9+.-]*):$/
const hostSource = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[^\]]*\]|[^/:]+)(?::(\d+|\*))?(\/[^?#]*)?/

/**
 * Whether a source of a Content-Security-Policy matches an address of a page's own origin (CSP Level 3 section 6.7.2).
 *
 * @param path Path of the address; undefined for any.
 */
export function matchesOwnOrigin(source: string, origin: PageOrigin, path: string | undefined): boolean {
  const lower = source.toLowerCase()
  if (lower === "'self'" || lower === '*') return true
  if (lower.startsWith("'")) return false
  const scheme = schemeSource.exec(lower)?.[1]
  if (scheme !== undefined) return matchesScheme(scheme, origin)
  const match = hostSource.exec(lower)
  if (match === null) return false
  const [, ownScheme, host = '', port] = match
  if (ownScheme !== undefined && !matchesScheme(ownScheme, origin)) return false
  if (!matchesHost(host, origin.host) || !matchesPort(port, origin)) return false
  // Paths are told apart by case, and one that ends with a slash stands for all below it.
  const prefix = match[4] === undefined ? '/' : source.slice(match[0].length - match[4].length, match[0].length)
  return path === undefined || (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix)
}

/** A source also matches the secure form of its scheme, and `ws` the http that it begins with. */
function matchesScheme(scheme: string, origin: PageOrigin): boolean {
  return scheme === 'http' || scheme === 'ws' || (origin.scheme === 'https' && (scheme === 'https' || scheme === 'wss'))
}

function matchesHost(pattern: string, host: string): boolean {
  if (pattern === '*') return true
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : pattern === host
}

function matchesPort(port: string | undefined, origin: PageOrigin): boolean {
  if (port === '*') return true
  const wanted = port === undefined ? defaultPort(origin.scheme) : Number(port)
  return wanted === origin.port || (wanted === 80 && origin.port === 443 && origin.scheme === 'https')
}

function defaultPort(scheme: PageOrigin['scheme']): number {
  return scheme === 'https' ? 443 : 80
}
