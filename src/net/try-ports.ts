import type { Server } from 'node:net'
import { ServeError } from '../core/serve-error.ts'
import type { ListenPlan } from './addresses.ts'
import { bindPort, type BindResult, type Endpoint } from './bind.ts'
import { isShadowed } from './wildcard-conflict.ts'
import type { Miss, SkippedPort } from './types.ts'

/** Options of {@link tryPorts}. */
export interface TryPortsOptions {
  readonly plan: ListenPlan
  /** Ports, in the order in which they are tried. */
  readonly ports: readonly number[]
  /** Whether to try the next port when one is held or denied. */
  readonly fallback: boolean
  /** Makes a server; called at most once for each address. */
  readonly create: () => Server
  /** The option that holds the ports. */
  readonly option: 'port' | 'tlsPort'
}

/** The port that was bound. */
export interface BoundPort {
  readonly port: number
  readonly bound: readonly Endpoint[]
  readonly skipped: readonly SkippedPort[]
}

/**
 * Tries ports in order until one is bound on every address. The addresses never change: a fallback that widened them
 * would show the served folder to other machines.
 *
 * @throws ServeError `E8008_PORT_HELD`, `E8008_PORT_DENIED`, `E8008_PORTS_HELD` or `E8008_ADDRESS`
 */
export async function tryPorts({ plan, ports, fallback, create, option }: TryPortsOptions): Promise<BoundPort> {
  const servers = new Map<string, Server>()
  const serverFor = (address: string): Server => {
    const server = servers.get(address) ?? create()
    servers.set(address, server)
    return server
  }
  const misses: Miss[] = []
  for (const port of fallback ? ports : ports.slice(0, 1)) {
    const found: BindResult = (await isShadowed(port, plan.addresses))
      ? { refused: 'EADDRINUSE' }
      : await bindPort(plan, port, serverFor)
    if (found.refused === undefined) {
      return { port: found.port, bound: found.bound, skipped: await explained(misses, plan) }
    }
    if (found.refused === 'EADDRNOTAVAIL') throw absentAddress(plan)
    misses.push({ port, code: found.refused })
  }
  const skipped = await explained(misses, plan)
  const { portsError } = await import('./ports-error.ts')
  throw await portsError(skipped, plan, option, ports.length > skipped.length)
}

/** The reason of each port. Loaded late: mostly the first port is free. */
async function explained(misses: readonly Miss[], { addresses }: ListenPlan): Promise<SkippedPort[]> {
  return misses.length === 0 ? [] : (await import('./owners/owners.ts')).explainMisses(misses, addresses)
}

function absentAddress({ addresses }: ListenPlan): ServeError {
  const which = addresses.length === 1 ? `the address ${addresses[0]}` : `any of the addresses ${addresses.join(', ')}`
  return new ServeError('E8008_ADDRESS', `This machine does not have ${which}, so it cannot listen there.`, {
    fix: { option: 'host', value: 'localhost' },
  })
}
