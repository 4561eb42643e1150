import { probe } from './probe.ts'

/**
 * Whether another program listens on a port although binding it would succeed. Linux refuses to bind 127.0.0.1 when
 * another program has 0.0.0.0 or [::]; macOS, the BSDs and Windows allow it, and then two servers share one URL.
 */
export async function isShadowed(
  port: number,
  addresses: readonly string[],
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  if (platform === 'linux' || port === 0) return false
  // Windows takes two seconds to refuse a connection, so we read its socket table instead.
  if (platform === 'win32') {
    const { findHolders } = await import('./owners/owners.ts')
    return (await findHolders([port], addresses, platform)).has(port)
  }
  const hosts = new Set(addresses.flatMap(reachable))
  const found = await Promise.all(Array.from(hosts, (host) => probe({ host, port })))
  return found.includes('answered')
}

/** The addresses that reach a listener: loopback for a wildcard. `::` is dual-stack. */
function reachable(address: string): readonly string[] {
  if (address === '0.0.0.0') return ['127.0.0.1']
  return address === '::' ? ['127.0.0.1', '::1'] : [address]
}
