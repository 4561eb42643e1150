import type { PortOwner } from '../types.ts'
import { openPorts, type OpenPortsOptions } from './open-ports.ts'
import { processInfo } from './process-info.ts'

export { openPorts } from './open-ports.ts'
export { processInfo } from './process-info.ts'

/**
 * Every listening port with the process behind it.
 *
 * @throws ServeError `E8008_PORTS_UNREADABLE` when the system does not show its sockets
 */
export async function portOwners(options: OpenPortsOptions = {}): Promise<PortOwner[]> {
  const ports = await openPorts(options)
  const processes = await processInfo(
    ports.flatMap(({ pid }) => pid ?? []),
    options,
  )
  return ports.map((port) => ({ ...port, process: port.pid === undefined ? undefined : processes.get(port.pid) }))
}
