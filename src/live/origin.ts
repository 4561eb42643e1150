import { parseAuthority, type Authority } from '../http/message/authority.ts'
import type { Exchange } from '../http/message/exchange.ts'

const defaultPorts: Readonly<Record<string, number>> = { http: 80, https: 443 }

/**
 * Whether the page that asks was served by us: its origin has the authority of the request itself, which the guard has
 * found to be ours. The scheme may differ, since a tunnel can add TLS on the way. The opaque origin `null` of a
 * sandboxed frame is never ours.
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
 * Whether no page of another origin can have sent this, as far as the browser tells: `Sec-Fetch-Site` and `Origin`
 * are believed where they are present. Browsers leave the first out towards plain http names that are not loopback,
 * and the second out of same-origin GETs, so callers also ask for something that a foreign page cannot send.
 */
export function isSameOrigin(x: Exchange): boolean {
  const site = x.headers.get('sec-fetch-site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  return !x.headers.has('origin') || hasOwnOrigin(x)
}
