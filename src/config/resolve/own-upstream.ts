import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isLoopbackName } from './host-name.ts'
import type { ResolvedRoute, ResolvedUpstream } from '../route-types.ts'

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
  readonly upstream: ResolvedUpstream
}

/** Finds the first upstream that is the server itself: a request to it would loop until it is refused (508). */
export function findOwnUpstream(routes: readonly ResolvedRoute[], own: OwnAddress): OwnUpstream | undefined {
  for (const route of routes) {
    const upstreams = route.action.kind === 'proxy' ? route.action.proxy.upstreams : []
    const upstream = upstreams.find((each) => isOwn(each, own))
    if (upstream !== undefined) return { route, upstream }
  }
  return undefined
}

function isOwn({ hostname, port, socketPath }: ResolvedUpstream, own: OwnAddress): boolean {
  if (socketPath !== undefined) return socketPath === own.socket
  return own.ports.includes(port) && own.addresses.some((address) => reaches(hostname, address))
}

/** Whether a connection to a host may reach a listener at an address. Names other than `localhost` are not resolved. */
function reaches(hostname: string, address: string): boolean {
  if (address === '0.0.0.0' || address === '::') return isLoopbackName(hostname) || isOfThisMachine(hostname)
  if (isIP(hostname) === 0) return isLoopbackName(hostname) && isLoopbackName(address)
  if (isIP(address) !== 0) return hostname === address
  return isLoopbackName(address) && (hostname === '127.0.0.1' || hostname === '::1')
}

function isOfThisMachine(address: string): boolean {
  if (isIP(address) === 0) return false
  if (address === '0.0.0.0' || address === '::') return true
  return Object.values(networkInterfaces()).some((list) => list?.some((each) => each.address === address) === true)
}
