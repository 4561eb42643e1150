import type { AddressInfo, Server } from 'node:net'
import { ServeError } from '../core/serve-error.ts'
import type { ListenPlan } from './addresses.ts'
import { listen, release, systemCode } from './listen.ts'

/** An address and the server that listens there. */
export interface Endpoint {
  readonly address: string
  readonly server: Server
}

/** A port that is bound on every address, or why it is not. */
export type BindResult =
  | { readonly port: number; readonly bound: readonly Endpoint[]; readonly refused?: undefined }
  | { readonly refused: 'EADDRINUSE' | 'EACCES' | 'EADDRNOTAVAIL' }

/** How often the system may choose a port that another program holds on our second address. */
const mostChoices = 20

/**
 * Listens on one port on all addresses of a plan, or on none. Skips addresses of a family that is switched off. With
 * port 0 the system chooses a port on the first address, and the other addresses get the same port.
 *
 * @param serverFor returns the server of an address, always the same one: it may close and listen again
 */
export async function bindPort(
  plan: ListenPlan,
  port: number,
  serverFor: (address: string) => Server,
): Promise<BindResult> {
  for (let choice = 1; ; choice++) {
    const bound: Endpoint[] = []
    try {
      const taken = await listenAll(plan, port, serverFor, bound)
      return bound.length === 0 ? { refused: 'EADDRNOTAVAIL' } : { port: taken, bound }
    } catch (error) {
      await Promise.all(bound.map(({ server }) => release(server)))
      if (!isRefusal(error)) throw error
      const refused = systemCode(error) === 'EADDRINUSE' ? 'EADDRINUSE' : 'EACCES'
      const choosable = port === 0 && refused === 'EADDRINUSE' && choice < mostChoices
      if (!choosable) return { refused }
    }
  }
}

async function listenAll(
  plan: ListenPlan,
  port: number,
  serverFor: (address: string) => Server,
  bound: Endpoint[],
): Promise<number> {
  let taken = port
  for (const address of plan.addresses) {
    const server = serverFor(address)
    try {
      await listen(server, { host: address, port: taken })
    } catch (error) {
      if (isAbsent(error)) continue
      throw isRefusal(error) ? error : addressError(address, error)
    }
    bound.push({ address, server })
    taken = (server.address() as AddressInfo).port
    if (plan.take === 'first') break
  }
  return taken
}

/** The machine does not have this address: IPv6 is off, or another machine has it. */
function isAbsent(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(systemCode(error))
}

/** Another program has the port, or we may not use it. A sandbox says EPERM where the system itself says EACCES. */
function isRefusal(error: unknown): boolean {
  return ['EADDRINUSE', 'EACCES', 'EPERM'].includes(systemCode(error))
}

function addressError(address: string, cause: unknown): unknown {
  // An error that is not the system's is a fault of the caller, such as a port that is not a number.
  if (!(cause instanceof Error) || !('syscall' in cause)) return cause
  const code = systemCode(cause)
  // With too few descriptors, another address does not help.
  const isFull = code === 'EMFILE' || code === 'ENFILE'
  return new ServeError('E8008_ADDRESS', `The system refuses to listen on ${address} (${code}).`, {
    ...(isFull ? { hint: 'ulimit -n 8192' } : { fix: { option: 'host', value: 'localhost' } }),
    cause,
  })
}
