import { isIPv4, isIPv6 } from 'node:net'
import { compressIPv6 } from '../../core/util/ip.ts'
import type { RequestHeaders } from './headers.ts'

/** Host and port of a request (RFC 9110 section 7.2, RFC 3986 section 3.2). */
export interface Authority {
  /** Lower-case host without a trailing dot; IPv6 without its brackets, compressed. */
  readonly hostname: string
  /** Port as given, or undefined. */
  readonly port: number | undefined
  readonly kind: 'name' | 'ipv4' | 'ipv6'
}

// RFC 3986 allows more characters in a reg-name. DNS does not, and attacks have used each of them (comma, percent, at
// sign) to make two parsers disagree.
const name = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/
const split = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{0,5}))?$/

/**
 * Parses an authority strictly. Returns undefined for userinfo, lists, spaces, zone identifiers, percent-encoding, bad
 * brackets, port 0, which names no server, and ports above 65535.
 *
 * @internal
 */
export function parseAuthority(text: string): Authority | undefined {
  const match = split.exec(text.toLowerCase())
  if (match === null) return undefined
  const [, host = '', digits = ''] = match
  const port = digits === '' ? undefined : Number(digits)
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined
  if (host.startsWith('[')) {
    const address = host.slice(1, -1)
    if (!isIPv6(address) || address.includes('%')) return undefined
    return { hostname: compressIPv6(address), port, kind: 'ipv6' }
  }
  if (host.length > 254 || !name.test(host)) return undefined
  const hostname = host.endsWith('.') ? host.slice(0, -1) : host
  return { hostname, port, kind: isIPv4(hostname) ? 'ipv4' : 'name' }
}

/** The parts of an exchange that tell how its client reached this server. */
interface Client {
  readonly peer: { readonly address: string; readonly encrypted: boolean }
  readonly headers: RequestHeaders
}

/**
 * Whether a client uses HTTPS: to this server, or to a proxy in front of it that terminates TLS.
 *
 * @param isTrusted Whether `X-Forwarded-Proto` of the peer with this address is believed.
 *
 * @internal
 */
export function isSecureClient({ peer, headers }: Client, isTrusted: (address: string) => boolean): boolean {
  return peer.encrypted || (isTrusted(peer.address) && /^https(?:\s*,|$)/i.test(headers.get('x-forwarded-proto') ?? ''))
}
