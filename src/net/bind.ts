import type { AddressInfo, Server } from 'node:net'
import { ServeError } from '../core/serve-error.ts'
import type { ListenPlan } from './addresses.ts'
import { listen, release, systemCode } from './listen.ts'

/** One address and the server that is to listen there. */
export interface Endpoint {
  readonly address: string
  readonly server: Server
}

/** A port that is ours on every address, or why it is not. */
export type Claim =
  | { readonly port: number; readonly bound: readonly Endpoint[]; readonly refused?: undefined }
  | { readonly refused: 'EADDRINUSE' | 'EACCES' | 'EADDRNOTAVAIL' }

/** How often the system may choose a number that another program holds on our second address. */
const mostChoices = 20

/**
 * Listens on one port on all addresses of a plan, or on none. Addresses of a family that is switched off are left
 * out. Port 0 lets the system choose on the first address; the others get the same number.
 *
 * @param serverFor the server of an address; the same one each time, because it may have to close and listen again
 */
export async function claim(plan: ListenPlan, port: number, serverFor: (address: string) => Server): Promise<Claim> {
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

/** The machine has no such address: IPv6 is off, or it belongs to someone else. */
function isAbsent(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(systemCode(error))
}

/** Somebody has the port, or we may not. A sandbox says EPERM where the system itself says EACCES. */
function isRefusal(error: unknown): boolean {
  return ['EADDRINUSE', 'EACCES', 'EPERM'].includes(systemCode(error))
}

function addressError(address: string, cause: unknown): unknown {
  // What the system did not say is a fault of the caller, such as a port that is no number.
  if (!(cause instanceof Error) || !('syscall' in cause)) return cause
  const code = systemCode(cause)
  // No other address helps where there are too few descriptors.
  const isFull = code === 'EMFILE' || code === 'ENFILE'
  return new ServeError('E8008_ADDRESS', `The system refuses to listen on ${address} (${code}).`, {
    ...(isFull ? { hint: 'ulimit -n 8192' } : { fix: { option: 'host', value: 'localhost' } }),
    cause,
  })
}
