import type { Environment } from '../config/sources/env.ts'
import { readRegistry } from '../control/running-servers.ts'
import { ownerName, type PortOwner, type Severity } from '../scan/scan.ts'
import { isRunning } from './server-process.ts'

/** An entry in the registry of servers that is not true. */
export interface StaleEntry {
  /** The port that it names, undefined where it is not readable. */
  readonly port: number | undefined
  /** `note` for a server that was killed, `warning` for one that runs without its port. */
  readonly severity: Severity
  readonly why: string
  /** The command that removes it. */
  readonly fix: string
}

/**
 * The entries of servers that were killed, and of those whose port another program has. It changes nothing.
 *
 * @param owners Who listens on the ports of this machine.
 */
export function staleEntries(env: Environment, owners: readonly PortOwner[]): StaleEntry[] {
  const { servers, stale } = readRegistry(env, isRunning)
  const killed = stale.map(({ server }): StaleEntry => {
    const fix = 'serve8008 ls'
    if (server === undefined) return { port: undefined, severity: 'note', why: 'An entry cannot be read.', fix }
    const { port, root, pid } = server
    const holder = owners.find((owner) => owner.port === port)
    const now = holder === undefined ? '' : `; ${ownerName(holder)} has the port now`
    const why = `The server of ${root} on port ${port} (pid ${pid}) was killed and is still registered${now}.`
    return { port, severity: 'note', why, fix }
  })
  const moved = servers.flatMap(({ port, tlsPort, root, pid }): StaleEntry[] => {
    const taken = [port, tlsPort].flatMap((each) => {
      const of = owners.filter((owner) => owner.port === each)
      // A hidden process may be the server itself.
      return of.every((owner) => owner.pid !== undefined && owner.pid !== pid) ? of.slice(0, 1) : []
    })
    return taken.map((holder) => {
      const why = `The server of ${root} (pid ${pid}) runs and is registered on port ${holder.port}, which ${ownerName(holder)} has.`
      return { port: holder.port, severity: 'warning', why, fix: `serve8008 stop --port ${holder.port}` }
    })
  })
  return [...killed, ...moved]
}
