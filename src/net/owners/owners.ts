import { linuxHolders } from './linux.ts'
import { lsofHolders } from './lsof.ts'
import { windowsHolders } from './windows.ts'
import type { Holder, Miss, PortHolder, SkippedPort } from '../types.ts'
import { skippedPort } from './held-port-text.ts'

export { parseLsof } from './lsof.ts'
export { parseSocketLine } from './proc-net.ts'
export { processName } from './process-name.ts'
export { run, type Run } from './run.ts'
export { skippedPort } from './held-port-text.ts'
export { findSocketOwners } from './socket-search.ts'
export { netstat, parseNetstat, tasklist } from './windows.ts'

/**
 * Finds the processes that hold some ports on addresses that compete with ours, in one search. Never rejects. A port
 * whose process is unknown is absent, and may still be held.
 *
 * @param addresses where we wanted to listen
 */
export async function findHolders(
  ports: readonly number[],
  addresses: readonly string[],
  platform: NodeJS.Platform = process.platform,
): Promise<Map<number, Holder>> {
  const holders = new Map<number, Holder>()
  if (ports.length === 0) return holders
  for (const { address, port, holder } of await listeners(ports, platform).catch(() => [])) {
    if (!holders.has(port) && addresses.some((wanted) => overlaps(wanted, address)))
      holders.set(port, { ...holder, address })
  }
  return holders
}

/** Finds the processes that hold the ports that were missed, in one search. */
export async function explainMisses(misses: readonly Miss[], addresses: readonly string[]): Promise<SkippedPort[]> {
  const asked = misses.filter(({ code }) => code === 'EADDRINUSE' || process.platform === 'win32')
  const holders = await findHolders(
    asked.map(({ port }) => port),
    addresses,
  )
  return misses.map(({ port, code }) => skippedPort({ port, code, holder: holders.get(port) }))
}

function listeners(ports: readonly number[], platform: NodeJS.Platform): Promise<PortHolder[]> {
  if (platform === 'linux') return linuxHolders(ports)
  return platform === 'win32' ? windowsHolders(ports) : lsofHolders(ports)
}

/**
 * Whether two listening addresses compete for connections: they are equal, or one is a wildcard that includes the other.
 * `::` counts as dual-stack, as it nearly always is; lsof writes a wildcard as `*`.
 */
export function overlaps(a: string, b: string): boolean {
  return a === b || includes(a, b) || includes(b, a)
}

function includes(wildcard: string, address: string): boolean {
  return wildcard === '*' || wildcard === '::' || (wildcard === '0.0.0.0' && !address.includes(':'))
}
