import type { PortOwner } from './types.ts'

/**
 * Who listens on a TCP port of this machine: one entry for each owner, because each address may have another one. Empty
 * when no socket listens. A process that the system hides is an entry too, without `pid`.
 *
 * @param port 1 to 65535
 * @throws RangeError for another number
 * @throws ServeError `E8008_PORTS_UNREADABLE` when the system does not show its sockets
 */
export async function whoHolds(port: number): Promise<PortOwner[]> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`whoHolds(port): expected an integer from 1 to 65535, got ${port}`)
  }
  // Loaded late: a program that serves does not need it.
  const { portOwners } = await import('./scan.ts')
  return portOwners({ ports: [port] })
}
