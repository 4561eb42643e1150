import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { createHostCheck, type HostCheck } from '../middleware/guard/guard.ts'
import { ownNames } from '../net/net.ts'
import { unbracketed } from '../core/util/ip.ts'

/**
 * Which names a server answers for: those of its configuration, those that its routes name, and those of certificates
 * of the user's own. What leads elsewhere by DNS rebinding is a name of the attacker, and no such certificate has one.
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

/** The hosts beside those of the loopback that certificates are for; `.example.test` is every name below one. */
export function certificateHosts({
  host,
  allowHosts,
  lan,
  routes,
}: Pick<ResolvedConfig, 'host' | 'allowHosts' | 'lan' | 'routes'>): string[] {
  const listened = unbracketed(host)
  const isWide = lan || listened === '0.0.0.0' || listened === '::'
  // A leading dot covers the name itself too, where it was allowed by the user.
  const allowed = allowHosts.flatMap((name) => (name.startsWith('.') ? [name.slice(1), name] : [name]))
  const routed = routes.flatMap(({ match }) => match.host ?? [])
  // Of this machine's names the one without a dot is left out: no authority may vouch for it, and `NAME.local` is there.
  const own = isWide ? ownNames().filter((name) => /[.:]/.test(name)) : [listened]
  const hosts = new Set([...own, ...allowed, ...routed])
  hosts.delete('localhost')
  return [...hosts]
}
