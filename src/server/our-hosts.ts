import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { createHostCheck, type HostCheck } from '../guard/guard.ts'
import { ownNames } from '../ports/ports.ts'
import { unbracketed } from '../util/ip.ts'

/** Which names a server answers for: those of its configuration, and those that its routes name. */
export function ourHosts(
  { host, allowHosts, lan }: Pick<ResolvedConfig, 'host' | 'allowHosts' | 'lan'>,
  routes: readonly ResolvedRoute[],
): HostCheck {
  const routeHosts = routes.flatMap(({ match }) => match.host ?? [])
  return createHostCheck({ host, allowHosts, ownNames: lan ? ownNames() : [], routeHosts })
}

/**
 * The names beside those of the loopback that certificates are for; a leading `*.` stands for every name below.
 */
export function certificateHosts({
  host,
  allowHosts,
  lan,
  routes,
}: Pick<ResolvedConfig, 'host' | 'allowHosts' | 'lan' | 'routes'>): string[] {
  const listened = unbracketed(host)
  const isWide = lan || listened === '0.0.0.0' || listened === '::'
  const named = isWide ? [] : [listened]
  const routed = routes.flatMap(({ match }) => match.host ?? [])
  const below = [...allowHosts, ...routed].flatMap((name) => (name.startsWith('.') ? [`*${name}`] : [name]))
  const covered = allowHosts.flatMap((name) => (name.startsWith('.') ? [name.slice(1)] : []))
  const all = [...named, ...covered, ...below, ...(isWide ? ownNames() : [])]
  return [...new Set(all)].filter((name) => name !== 'localhost')
}
