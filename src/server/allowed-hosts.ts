import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { createHostCheck, type HostCheck } from '../middleware/guard/guard.ts'
import { ownNames } from '../net/net.ts'
import { unbracketed } from '../core/util/ip.ts'

/**
 * Compiles the check of which names a server answers for: those of its configuration, of its routes and of the user's
 * own certificates. In DNS rebinding the name belongs to the attacker, and no such certificate holds it.
 */
export function createAllowedHosts(
  { host, allowHosts, lan }: Pick<ResolvedConfig, 'host' | 'allowHosts' | 'lan'>,
  routes: readonly ResolvedRoute[],
  isCertified: (name: string) => boolean = () => false,
): HostCheck {
  const routeHosts = routes.flatMap(({ match }) => match.host ?? [])
  const isOurs = createHostCheck({ host, allowHosts, ownNames: lan ? ownNames() : [], routeHosts })
  return (authority, localAddress) =>
    isOurs(authority, localAddress) || (authority.kind === 'name' && isCertified(authority.hostname))
}

/** The hosts that certificates are for, beside the loopback names; `.example.test` covers every name below it. */
export function certificateHosts({
  host,
  allowHosts,
  lan,
  routes,
}: Pick<ResolvedConfig, 'host' | 'allowHosts' | 'lan' | 'routes'>): string[] {
  const listened = unbracketed(host)
  const isWide = lan || listened === '0.0.0.0' || listened === '::'
  // In `allowHost` a leading dot covers the name itself too.
  const allowed = allowHosts.flatMap((name) => (name.startsWith('.') ? [name.slice(1), name] : [name]))
  const routed = routes.flatMap(({ match }) => match.host ?? [])
  // The local authority may not certify a name without a dot; `NAME.local` covers this machine.
  const own = isWide ? ownNames().filter((name) => /[.:]/.test(name)) : [listened]
  const hosts = new Set([...own, ...allowed, ...routed])
  hosts.delete('localhost')
  return [...hosts]
}
