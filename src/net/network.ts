import { hostname, networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { formatHost } from '../core/util/ip.ts'
import { machineNames } from '../core/util/machine-names.ts'

/** What `os.networkInterfaces()` returns. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/**
 * URLs by which other machines reach a server that listens on every address, IPv4 first. Without IPv6 link-local
 * addresses: they need a zone, which a URL cannot hold (RFC 4007 section 11).
 *
 * @param base path with a slash in front
 * @param interfaces addresses of this machine. Default: the current ones.
 */
export function networkUrls(
  protocol: 'http' | 'https',
  port: number,
  base: string,
  interfaces: Interfaces = networkInterfaces(),
): string[] {
  const shown = port === (protocol === 'http' ? 80 : 443) ? '' : `:${port}`
  const reachable = externalAddresses(interfaces).filter((address) => !/^fe[89ab]/i.test(address))
  const sorted = [...reachable.filter(isVersion4), ...reachable.filter((address) => !isVersion4(address))]
  return sorted.map((address) => `${protocol}://${formatHost(address)}${shown}${base}`)
}

/**
 * The names by which other machines may address this one: its addresses, and its names in lower case. IPv6 addresses have no brackets and no zone.
 */
export function ownNames(interfaces: Interfaces = networkInterfaces(), host: string = hostname()): string[] {
  return [...externalAddresses(interfaces), ...machineNames(host)]
}

function externalAddresses(interfaces: Interfaces): string[] {
  const addresses = Object.values(interfaces)
    .flatMap((entries) => entries ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address.toLowerCase().replace(/%.*$/, ''))
  return [...new Set(addresses)]
}

function isVersion4(address: string): boolean {
  return !address.includes(':')
}
