import net, { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { unmapped } from '../../core/util/ip.ts'
import { machineNames } from '../../core/util/machine-names.ts'
import { isLoopbackName } from '../values/host-name.ts'
import { quote, type Problem } from '../diagnostic.ts'
import type { ResolvedListener } from '../value-types.ts'
import type { ResolvedRoute } from '../route-types.ts'
import type { ResolvedUpstream } from '../kinds/proxy-types.ts'

/** The addresses of a server that listens, or will listen. */
export interface OwnAddress {
  readonly ports: readonly number[]
  /** Addresses, or `localhost`; the unspecified ones are every address of the machine. */
  readonly addresses: readonly string[]
  /** Absolute path of a unix socket. */
  readonly socket: string | undefined
}

/** An upstream that is the server itself, with its route. */
export interface OwnUpstream {
  readonly route: ResolvedRoute
  /** Its place among the routes: those of `proxy` come first. */
  readonly index: number
  readonly upstream: ResolvedUpstream
}

/** Finds the first upstream that is the server itself: a request to it would loop until it is refused (508). */
export function findOwnUpstream(routes: readonly ResolvedRoute[], own: OwnAddress): OwnUpstream | undefined {
  for (const [index, route] of routes.entries()) {
    const upstreams = route.action.kind === 'proxy' ? route.action.proxy.upstreams : []
    const upstream = upstreams.find((each) => isOwn(each, own))
    if (upstream !== undefined) return { route, index, upstream }
  }
  return undefined
}

function isOwn({ hostname, port, socketPath }: ResolvedUpstream, own: OwnAddress): boolean {
  if (socketPath !== undefined) return socketPath === own.socket
  return own.ports.includes(port) && own.addresses.some((address) => reaches(hostname, address))
}

/**
 * Whether a connection to a host may reach a listener at an address. Of names only `localhost` and those of this machine
 * are known, which systems give the loopback or any of their addresses: no name is resolved.
 */
function reaches(hostname: string, address: string): boolean {
  const plain = hostname.startsWith('::ffff:') ? mappedAddress(hostname) : hostname
  const host = loopbackOf.get(plain) ?? plain
  if (address === '0.0.0.0' || address === '::') return isLoopbackName(host) || isOfThisMachine(host)
  if (host === address) return true
  if (isIP(host) === 0) return isLoopbackName(address) && (isLoopbackName(host) || machineNames().includes(host))
  return isIP(address) === 0 && isLoopbackName(address) && (host === '127.0.0.1' || host === '::1')
}

/** The address in an IPv4-mapped one, which a URL spells in hexadecimal: `::ffff:7f00:1`. */
function mappedAddress(address: string): string {
  return unmapped(new net.SocketAddress({ address, family: 'ipv6' }).address)
}

/** Systems connect to the loopback where the unspecified address is the destination. */
const loopbackOf: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
])

function isOfThisMachine(host: string): boolean {
  if (isIP(host) === 0) return machineNames().includes(host)
  return Object.values(networkInterfaces()).some((list) => list?.some((each) => each.address === host) === true)
}

/** Where a listener is reached for sure: a list of ports is tried when the server starts. */
export function certainAddress({ host, lan, ports, socket, fd }: ResolvedListener): OwnAddress {
  const isKnown = ports.length === 1 && (socket ?? fd) === undefined
  return { ports: isKnown ? ports : [], addresses: [lan ? '::' : host], socket }
}

/** The problem of a route to the server itself. */
export function ownProblem({ route, index, upstream }: OwnUpstream, proxy: object = {}): Problem {
  const key = Object.keys(proxy)[index]
  return {
    path: key === undefined ? ['routes'] : ['proxy', key],
    message: `the upstream ${upstream.label}${key === undefined ? ` of ${quote(route.id)}` : ''} is this server itself`,
    hint: 'correct the port of the upstream, or serve on another port',
  }
}
