import { addressSet, isLoopback } from '../core/util/ip.ts'
import { ownNames } from '../net/net.ts'
import type { OpenPort, Reach } from './types.ts'

/** Addresses that routers do not forward to the internet (RFC 1918, RFC 3927, RFC 6598, RFC 4193, RFC 4291). */
const isPrivate = addressSet([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
  'fe80::/10',
])

/** Addresses on which a server listens on all of them; lsof writes `*`. */
const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '*'])

/**
 * Who can open a connection to some listening addresses.
 *
 * @param own Addresses of this machine that are not loopback, which a wildcard includes. Default: the current ones.
 */
export function reachOf(addresses: readonly string[], own: readonly string[] = ownNames()): Reach {
  const reached = addresses.flatMap((address) => (wildcards.has(address) ? own : [address]))
  const external = reached.map(withoutZone).filter((address) => isAddress(address) && !isLoopback(address))
  if (external.length === 0) return 'machine'
  return external.every(isPrivate) ? 'lan' : 'everyone'
}

/** The families of some listening addresses. `::` accepts IPv4 too, unless another process holds that. */
export function familiesOf(addresses: readonly string[]): ('ipv4' | 'ipv6')[] {
  const families: ('ipv4' | 'ipv6')[] = []
  if (addresses.some((address) => address === '*' || !address.includes(':'))) families.push('ipv4')
  if (addresses.some((address) => address === '*' || address.includes(':'))) families.push('ipv6')
  return families
}

/** Where clients of `localhost` connect to. */
const localAddresses: ReadonlySet<string> = new Set([...wildcards, '127.0.0.1', '::1'])

/**
 * Whether a port of `localhost` is two programs, so that a client reaches either. Workers that share an address are one, and a
 * program on another address of this machine is not `localhost`.
 */
export function isDivided(one: OpenPort, other: OpenPort): boolean {
  const [first = [], second = []] = [one, other].map(({ addresses }) =>
    addresses.filter((each) => localAddresses.has(each)),
  )
  const isShared = first.some((address) => second.includes(address))
  const isSame = one.pid === other.pid && one.uid === other.uid
  return one.port === other.port && !isSame && !isShared && first.length > 0 && second.length > 0
}

/** `localhost:8008 is two programs: node (pid 7) on 127.0.0.1, python (pid 8) on ::1.` */
export function dividedText(one: OpenPort, other: OpenPort, names: readonly [string, string]): string {
  const each = [one, other].map(({ addresses }, at) => `${names[at]} on ${addresses.join(' and ')}`)
  return `localhost:${one.port} is two programs: ${each.join(', ')}.`
}

/** The address of this machine by which we reach a listener, IPv4 where there is a choice. */
export function contactOf(addresses: readonly string[]): string {
  const [first = '127.0.0.1'] = addresses.toSorted((a, b) => Number(a.includes(':')) - Number(b.includes(':')))
  if (first === '0.0.0.0' || first === '*') return '127.0.0.1'
  return first === '::' ? '::1' : first
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}

function isAddress(text: string): boolean {
  return /^[\d.]+$|:/.test(text)
}
