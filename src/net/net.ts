import type { AddressInfo, Server } from 'node:net'
import { resolveAddresses } from './addresses.ts'
import type * as SelfTest from './self-test.ts'
import { tryPorts } from './try-ports.ts'
import type { SkippedPort } from './types.ts'

export { isBadPort } from './bad-ports.ts'
export { networkUrls, ownNames } from './network.ts'
export type { LoopbackTest } from './self-test.ts'

/** Where to listen. */
export interface BindOptions {
  /** Address or name; `localhost` is 127.0.0.1 and ::1 together. IPv6 may stand in brackets. */
  readonly host: string
  /** Ports in the order they are tried; 0 lets the system choose. */
  readonly ports: readonly number[]
  /** Whether to try the next port when one is held or denied. */
  readonly fallback: boolean
  /** Widens `localhost` to every address of this machine. Has no effect on another host. */
  readonly lan: boolean
  /** Path of a unix socket or Windows pipe, instead of a port. */
  readonly socket?: string | undefined
  /** Inherited descriptor, instead of a port. */
  readonly fd?: number | undefined
  /** The option that holds the ports, for the fix of an error. Default `port`. */
  readonly option?: 'port' | 'tlsPort'
  /**
   * Makes a server that does not listen yet. Called at most once for each address. While ports are tried, a server may
   * listen, close without a connection, and listen again.
   */
  readonly create: () => Server
}

/** The servers that listen, and where. */
export interface Bound {
  /** One listening server for each address. */
  readonly servers: readonly Server[]
  /** The addresses, or the path of the socket. */
  readonly addresses: readonly string[]
  /** The port; 0 for a socket path. */
  readonly port: number
  /** Ports that were tried and not bound, each with the reason. */
  readonly skipped: readonly SkippedPort[]
}

/**
 * Listens on the first port that is free on every address of the host, or on a socket or a descriptor.
 *
 * @throws ServeError `E8008_PORT_HELD` or `E8008_PORT_DENIED` (one port), `E8008_PORTS_HELD` (several),
 * `E8008_ADDRESS`, `E8008_SOCKET`
 */
export async function bind(options: BindOptions): Promise<Bound> {
  const { host, ports, fallback, lan, socket, fd, create, option = 'port' } = options
  if (socket !== undefined || fd !== undefined) return bindDirectly(create(), socket, fd)
  const plan = await resolveAddresses(host, lan)
  const { port, bound, skipped } = await tryPorts({ plan, ports, fallback, create, option })
  return { servers: bound.map(({ server }) => server), addresses: bound.map(({ address }) => address), port, skipped }
}

async function bindDirectly(server: Server, socket: string | undefined, fd: number | undefined): Promise<Bound> {
  const { listenOnDescriptor, listenOnSocket } = await import('./unix-socket.ts')
  if (socket !== undefined) await listenOnSocket(server, socket)
  else await listenOnDescriptor(server, fd as number)
  const address = server.address() as AddressInfo | string | null
  if (address === null || typeof address === 'string') {
    return { servers: [server], addresses: [address ?? socket ?? ''], port: 0, skipped: [] }
  }
  return { servers: [server], addresses: [address.address], port: address.port, skipped: [] }
}

/** Loads the functions that test which ports a server could have: a server does not need them. */
export async function loadSelfTest(): Promise<typeof SelfTest> {
  return import('./self-test.ts')
}
