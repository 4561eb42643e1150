import type { PortOwner } from '../types.ts'
import { openPorts, type OpenPortsOptions } from './open-ports.ts'
import { forwarders, runningContainers, withoutPorts, type RunningContainer } from './containers.ts'
import { processInfo, type ProcessInfoOptions } from './process-info.ts'
import { containerSupervisor } from './supervisor.ts'

export { installedVersion } from './installed-version.ts'
export { openPorts } from './open-ports.ts'
export { processInfo } from './process-info.ts'

/**
 * Every listening port with the process behind it.
 *
 * @throws ServeError `E8008_PORTS_UNREADABLE` when the system does not show its sockets
 */
export async function portOwners(options: OpenPortsOptions & ProcessInfoOptions = {}): Promise<PortOwner[]> {
  const ports = await openPorts(options)
  const processes = await processInfo(
    ports.flatMap(({ pid }) => pid ?? []),
    options,
  )
  const owners = ports.map((port) => ({
    ...port,
    process: port.pid === undefined ? undefined : processes.get(port.pid),
  }))
  if (!owners.some(isForwarder)) return owners
  const running = await runningContainers(options.engines)
  return owners.map((owner) => (isForwarder(owner) ? withContainer(owner, running) : owner))
}

/** `node (pid 4242: vite)`, for a sentence. */
export function ownerName({ pid, uid, process: its }: PortOwner): string {
  if (pid === undefined) return `a hidden process${uid === undefined ? '' : ` of uid ${uid}`}`
  const command = its?.command === undefined ? '' : `: ${its.command}`
  return `${its?.program ?? 'a program'} (pid ${pid}${command})`
}

/** Whether a process listens for containers, each of its ports for another one. */
function isForwarder({ process }: PortOwner): boolean {
  return process?.container === undefined && forwarders.test(process?.program ?? '')
}

function withContainer(owner: PortOwner, running: readonly RunningContainer[]): PortOwner {
  const found = running.find(({ ports }) => ports.includes(owner.port))
  if (found === undefined || owner.process === undefined) return owner
  const container = withoutPorts(found)
  return { ...owner, process: { ...owner.process, container, supervisor: containerSupervisor(container) } }
}
