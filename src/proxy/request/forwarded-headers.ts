import { isIP } from 'node:net'
import type { Exchange, Peer } from '../../http/message/exchange.ts'
import { isToken, type HeaderList } from '../../http/message/headers.ts'
import { formatHost, unmapped } from '../../core/util/ip.ts'

/**
 * What we tell the upstream about the client, as flat fields: `X-Forwarded-*` and `Forwarded` (RFC 7239).
 *
 * @param isTrusted Whether the peer's own claims stand, so that ours are added to them.
 * @param prefix The part of the path that the upstream does not see, empty for none.
 */
export function forwardingFields(x: Exchange, isTrusted: boolean, prefix: string): HeaderList {
  if (isTrusted) return makeFields(x, true, prefix)
  const host = x.headers.get('host') ?? ''
  const known = told.get(x.peer)
  if (known !== undefined && known.host === host && known.prefix === prefix) return known.fields
  const fields = makeFields(x, false, prefix)
  told.set(x.peer, { host, prefix, fields })
  return fields
}

/** What was last told of a peer: it is the same for nearly every request of a connection. */
const told = new WeakMap<Peer, { readonly host: string; readonly prefix: string; readonly fields: HeaderList }>()

function makeFields(x: Exchange, isTrusted: boolean, prefix: string): HeaderList {
  const { headers, peer } = x
  const client = unmapped(peer.address)
  const host = headers.get('host') ?? ''
  const scheme = peer.encrypted ? 'https' : 'http'
  const before = (name: string): string | undefined => (isTrusted ? headers.get(name) : undefined)
  const chain = (earlier: string | undefined, own: string): string =>
    earlier === undefined ? own : `${earlier}, ${own}`
  const outer = before('x-forwarded-prefix') ?? ''
  return [
    'X-Forwarded-For',
    chain(before('x-forwarded-for'), client === '' ? 'unknown' : client),
    'X-Forwarded-Host',
    before('x-forwarded-host') ?? host,
    'X-Forwarded-Proto',
    before('x-forwarded-proto') ?? scheme,
    'X-Forwarded-Port',
    before('x-forwarded-port') ?? String(portOf(x, scheme)),
    ...(outer + prefix === '' ? [] : ['X-Forwarded-Prefix', outer + prefix]),
    'Forwarded',
    chain(
      before('forwarded') ?? forwardedOf(before),
      `for=${quoted(nodeName(client))};host=${quoted(host)};proto=${scheme}`,
    ),
  ]
}

/**
 * What a trusted peer says in `X-Forwarded-*` alone (RFC 7239 section 7.4): backends that know `Forwarded` read it first,
 * and would take our hop for the client's.
 */
function forwardedOf(before: (name: string) => string | undefined): string | undefined {
  const all = (name: string): string[] => (before(name) ?? '').split(',').flatMap((text) => text.trim() || [])
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

/** RFC 7239 section 6. What others say may have a port. */
function nodeName(address: string): string {
  const [name = ''] = address.split('%', 1)
  return name === '' ? 'unknown' : isIP(name) === 6 ? formatHost(name) : name
}

/** A token as it is, anything else in quotes (RFC 7239 section 4). */
function quoted(text: string): string {
  return isToken(text) ? text : `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
}

/** How many proxies may stand in a row before it is taken for a circle. */
const mostHops = 20

/** Whether a message has been here before, or has passed too many others (RFC 9110 section 7.6.3). */
export function isLooping(via: string | undefined, pseudonym: string): boolean {
  if (via === undefined) return false
  const hops = via.split(',')
  return hops.length >= mostHops || hops.some((hop) => hop.trim().split(/\s+/)[1]?.toLowerCase() === pseudonym)
}

/** The field that tells the next ones of us. */
export function viaField(version: string, pseudonym: string): HeaderList {
  return ['Via', `${version} ${pseudonym}`]
}
