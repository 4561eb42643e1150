import { isIP } from 'node:net'
import type { Exchange, Peer } from '../../http/message/exchange.ts'
import { parseForwarded } from '../../http/message/forwarded.ts'
import { isToken, type HeaderList } from '../../http/message/headers.ts'
import { formatHost, unmapped } from '../../core/util/ip.ts'

/**
 * The fields that describe the client to the upstream: `X-Forwarded-*` and `Forwarded` (RFC 7239).
 *
 * @param isTrusted Whether the fields of the peer are kept and extended.
 * @param prefix The path prefix that the route removes; `''` for none.
 */
export function forwardedHeaders(x: Exchange, isTrusted: boolean, prefix: string): HeaderList {
  if (isTrusted) return makeFields(x, true, prefix)
  const host = x.headers.get('host') ?? ''
  const known = latest.get(x.peer)
  if (known !== undefined && known.host === host && known.prefix === prefix) return known.fields
  const fields = makeFields(x, false, prefix)
  latest.set(x.peer, { host, prefix, fields })
  return fields
}

/** Caches the fields of each peer: they are the same for nearly every request of a connection. */
const latest = new WeakMap<Peer, { readonly host: string; readonly prefix: string; readonly fields: HeaderList }>()

function makeFields(x: Exchange, isTrusted: boolean, prefix: string): HeaderList {
  const { headers, peer } = x
  const client = unmapped(peer.address)
  const host = headers.get('host') ?? ''
  const scheme = peer.encrypted ? 'https' : 'http'
  const trusted = (name: string): string | undefined => (isTrusted ? headers.get(name) : undefined)
  const chain = (earlier: string | undefined, own: string): string =>
    earlier === undefined ? own : `${earlier}, ${own}`
  const outer = trusted('x-forwarded-prefix') ?? ''
  // An open quote of the client would swallow what is appended here.
  const forwarded = trusted('forwarded')
  const elements = forwarded !== undefined && parseForwarded(forwarded) !== undefined ? forwarded : undefined
  return [
    'X-Forwarded-For',
    chain(trusted('x-forwarded-for'), client === '' ? 'unknown' : client),
    'X-Forwarded-Host',
    trusted('x-forwarded-host') ?? host,
    'X-Forwarded-Proto',
    trusted('x-forwarded-proto') ?? scheme,
    'X-Forwarded-Port',
    trusted('x-forwarded-port') ?? String(portOf(x, scheme)),
    ...(outer + prefix === '' ? [] : ['X-Forwarded-Prefix', outer + prefix]),
    'Forwarded',
    chain(elements ?? fromXForwarded(trusted), `for=${quoted(nodeName(client))};host=${quoted(host)};proto=${scheme}`),
  ]
}

/**
 * `Forwarded` from the `X-Forwarded-*` of a trusted peer that sends no `Forwarded` (RFC 7239 section 7.4). Upstreams
 * prefer `Forwarded`, and would take the peer for the client.
 */
function fromXForwarded(trusted: (name: string) => string | undefined): string | undefined {
  const all = (name: string): string[] => (trusted(name) ?? '').split(',').flatMap((text) => text.trim() || [])
  const [host] = all('x-forwarded-host')
  const [proto] = all('x-forwarded-proto')
  const [client, ...proxies] = all('x-forwarded-for')
  if (client === undefined && host === undefined && proto === undefined) return undefined
  const first = [`for=${quoted(nodeName(client ?? ''))}`]
  if (host !== undefined) first.push(`host=${quoted(host)}`)
  if (proto !== undefined) first.push(`proto=${quoted(proto)}`)
  return [first.join(';'), ...proxies.map((proxy) => `for=${quoted(nodeName(proxy))}`)].join(', ')
}

function portOf({ authority, peer }: Exchange, scheme: string): number {
  return authority?.port ?? (peer.localPort === 0 ? (scheme === 'https' ? 443 : 80) : peer.localPort)
}

/** RFC 7239 section 6. Addresses from trusted peers may have a port. */
function nodeName(address: string): string {
  const [name = ''] = address.split('%', 1)
  return name === '' ? 'unknown' : isIP(name) === 6 ? formatHost(name) : name
}

/** A token as it is, anything else in quotes (RFC 7239 section 4). */
function quoted(text: string): string {
  return isToken(text) ? text : `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
}

/** Number of `Via` entries at which a request counts as looping. */
const maxHops = 20

/** Whether a request passed this server before, or passed too many proxies (RFC 9110 section 7.6.3). */
export function isLooping(via: string | undefined, pseudonym: string): boolean {
  if (via === undefined) return false
  const hops = via.split(',')
  return hops.length >= maxHops || hops.some((hop) => hop.trim().split(/\s+/)[1]?.toLowerCase() === pseudonym)
}

/** The `Via` field that this proxy adds (RFC 9110 section 7.6.3). */
export function viaField(version: string, pseudonym: string): HeaderList {
  return ['Via', `${version} ${pseudonym}`]
}
