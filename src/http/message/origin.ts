import { parseAuthority, type Authority } from './authority.ts'
import type { Exchange } from './exchange.ts'

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 }

/**
 * Whether a request comes from a page of this server: its `Origin` has the authority of the request, which the guard has
 * checked. The scheme may differ, because a tunnel can add TLS. The opaque origin `null` of a sandboxed frame is refused.
 */
export function hasOwnOrigin(x: Exchange): boolean {
  const [, scheme = '', rest = ''] = /^(https?):\/\/(.*)$/i.exec(x.headers.get('origin') ?? '') ?? []
  const origin = parseAuthority(rest)
  const { authority } = x
  if (origin === undefined || authority === undefined) return false
  const port = (named: Authority): number | undefined => named.port ?? defaultPorts[scheme.toLowerCase()]
  return origin.hostname === authority.hostname && port(origin) === port(authority)
}

/**
 * Whether neither `Sec-Fetch-Site` nor `Origin` names another origin. Browsers omit the first to plain http hosts that
 * are not loopback, and the second in same-origin GETs, so callers also require a field or a token that pages of other
 * origins cannot send.
 */
export function isSameOrigin(x: Exchange): boolean {
  const site = x.headers.get('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return !x.headers.has('origin') || hasOwnOrigin(x)
}
