// Node loads what `net.BlockList` and `net.SocketAddress` are when they are named.
import net, { isIP } from 'node:net'

let loopback: net.BlockList | undefined

/**
 * Whether an IP address is a loopback address: 127.0.0.0/8 (RFC 1122 section 3.2.1.3), that mapped into IPv6, or ::1
 * (RFC 4291 section 2.5.3) in any spelling. False for names.
 */
export function isLoopback(address: string): boolean {
  // At each start, and Node's pattern for IPv6 takes long to compile.
  if (address === '::1') return true
  const family = isIP(address)
  if (family !== 6) return family === 4 && address.startsWith('127.')
  loopback ??= loopbackList()
  return loopback.check(address, 'ipv6')
}

function loopbackList(): net.BlockList {
  const list = new net.BlockList()
  list.addSubnet('127.0.0.0', 8)
  list.addAddress('::1', 'ipv6')
  return list
}

/** The IPv4 address within an IPv4-mapped one (`::ffff:192.0.2.1`), else the address as it is. */
export function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * Compiles addresses and CIDR blocks into a test. It matches an IPv4 address that is mapped into IPv6 too, and no peer
 * without an address, as of a unix socket.
 *
 * @throws RangeError for any other entry.
 */
export function addressSet(entries: readonly string[]): (address: string) => boolean {
  if (entries.length === 0) return () => false
  const list = new net.BlockList()
  for (const entry of entries) {
    const slash = entry.indexOf('/')
    const address = slash === -1 ? entry : entry.slice(0, slash)
    const family = isIP(address)
    if (family === 0) throw new RangeError(`${entry} is not an address or a block of addresses.`)
    const bits = slash === -1 ? (family === 4 ? 32 : 128) : Number(entry.slice(slash + 1))
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return (address) => {
    const plain = unmapped(address)
    const family = isIP(plain)
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }
}

/** One spelling for each IPv6 address without a zone (RFC 5952), so that comparing texts is enough. */
export function compressIPv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1)
}

/** A host as URLs write it: IPv6 in brackets (RFC 3986 section 3.2.2), its zone encoded (RFC 6874). */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host.replace('%', '%25')}]` : host
}

/** A host without the brackets around IPv6. */
export function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}
