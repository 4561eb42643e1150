import { answers } from './probe.ts'

/**
 * Whether another program listens on a port in a way that our own binding would not show. Linux refuses to bind
 * 127.0.0.1 beside a foreign 0.0.0.0 or [::]; macOS, the BSDs and Windows allow it, and then two servers share
 * one URL.
 */
export async function isShadowed(
  port: number,
  addresses: readonly string[],
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  if (platform === 'linux' || port === 0) return false
  // A refused connection takes Windows two seconds, so there the table is read instead.
  if (platform === 'win32') {
    const { findHolders } = await import('./owner.ts')
    return (await findHolders([port], addresses, platform)).has(port)
  }
  const hosts = new Set(addresses.flatMap(reachable))
  const found = await Promise.all(Array.from(hosts, (host) => answers({ host, port })))
  return found.includes('answered')
}

/** A wildcard is reached by loopback addresses; `::` is dual-stack. */
function reachable(address: string): readonly string[] {
  if (address === '0.0.0.0') return ['127.0.0.1']
  return address === '::' ? ['127.0.0.1', '::1'] : [address]
}
