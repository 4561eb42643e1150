import { isIP } from 'node:net'
import { addressSet, compressIPv6, unbracketed, unmapped } from '../../core/util/ip.ts'
import type { Exchange } from './exchange.ts'
import { parseForwarded } from './forwarded.ts'

/**
 * The IP address of the client of an exchange. Empty for a peer without one: a unix socket, or `fetch()` of the program.
 * Undefined where a trusted proxy names none that can be believed.
 */
export type ClientAddress = (x: Exchange) => string | undefined

/**
 * Compiles how the client is found: it is the peer of the connection, and behind trusted proxies the last address of
 * `X-Forwarded-For` or `Forwarded` (RFC 7239) that is not a trusted proxy itself. What a client wrote stands further left.
 *
 * A proxy that writes only one of the two may pass on the other as the client sent it. So where they name different
 * clients, none is believed.
 *
 * @param trust Addresses and networks of the trusted proxies.
 */
export function createClientAddress(trust: readonly string[]): ClientAddress {
  const isTrusted = addressSet(trust)

  /** The rightmost address that is no trusted proxy, else the leftmost. */
  function clientOf(hops: readonly string[]): string | undefined {
    const addresses = hops.map(addressOf)
    const at = addresses.findLastIndex((address) => address === undefined || !isTrusted(address))
    return addresses[Math.max(at, 0)]
  }

  return ({ peer, headers }) => {
    const address = plainAddress(peer.address)
    if (!isTrusted(address)) return address
    const named = [headers.get('x-forwarded-for')?.split(','), nodesOf(headers.get('forwarded'))]
    const clients = named.flatMap((hops) => (hops === undefined ? [] : [clientOf(hops)]))
    const [client = clients.length === 0 ? address : undefined] = clients
    return clients.every((each) => each === client) ? client : undefined
  }
}

/** The `for` of each element of `Forwarded`; an empty one, which is no address, where the field is malformed. */
function nodesOf(field: string | undefined): readonly string[] | undefined {
  if (field === undefined) return undefined
  return parseForwarded(field)?.map((element) => element.get('for') ?? '') ?? ['']
}

/** The address of a hop, which may have a port; undefined for `unknown`, a name and anything else. */
function addressOf(hop: string): string | undefined {
  const text = hop.trim()
  const [, bracketed, plain = text] = /^(?:(\[[^\]]*\])|([^:]*))(?::\d+)?$/.exec(text) ?? []
  const address = unbracketed(bracketed ?? plain)
  return isIP(address) === 0 ? undefined : plainAddress(address)
}

/** One spelling for each address: without a zone, and IPv4 that is mapped into IPv6 as IPv4. */
function plainAddress(address: string): string {
  const [unzoned = ''] = address.split('%', 1)
  if (isIP(unzoned) !== 6) return unzoned
  const spelled = compressIPv6(unzoned)
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(spelled) ?? []
  if (high === undefined || low === undefined) return unmapped(spelled)
  const bytes = [high, low].map((each) => Number.parseInt(each, 16)).flatMap((each) => [each >> 8, each & 255])
  return bytes.join('.')
}

/**
 * What counts as one client where guesses or connections are counted: an IPv4 address, and the 64-bit network of an IPv6 address, since a
 * client chooses the rest of it freely (RFC 4291 section 2.5.4).
 */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined || !address.includes(':')) return address ?? 'unknown'
  const [head = '', tail = ''] = address.split('::')
  const groups = [head, tail].map((part) => (part === '' ? [] : part.split(':')))
  const [left = [], right = []] = groups
  const missing = Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...missing, ...right].slice(0, 4).join(':')
}
