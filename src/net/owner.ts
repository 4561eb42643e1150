import { linuxHolders } from './owner-linux.ts'
import { lsofHolders } from './owner-lsof.ts'
import { windowsHolders } from './owner-windows.ts'
import { overlaps } from './address-overlap.ts'
import type { Holder, PortHolder } from './types.ts'

/**
 * Finds who listens on some ports, on addresses that compete with ours. One search for all of them.
 * Never rejects: a port whose holder is unknown is absent, which does not mean that it is free.
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
    if (!holders.has(port) && addresses.some((wanted) => overlaps(wanted, address))) holders.set(port, holder)
  }
  return holders
}

function listeners(ports: readonly number[], platform: NodeJS.Platform): Promise<PortHolder[]> {
  if (platform === 'linux') return linuxHolders(ports)
  return platform === 'win32' ? windowsHolders(ports) : lsofHolders(ports)
}
