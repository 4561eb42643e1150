import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { createHostCheck, type HostCheck } from '../guard/guard.ts'
import { ownNames } from '../ports/ports.ts'

/** Which names a server answers for: those of its configuration, and those that its routes name. */
export function ourHosts(
  { host, allowHosts, lan }: Pick<ResolvedConfig, 'host' | 'allowHosts' | 'lan'>,
  routes: readonly ResolvedRoute[],
): HostCheck {
  const routeHosts = routes.flatMap(({ match }) => match.host ?? [])
  return createHostCheck({ host, allowHosts, ownNames: lan ? ownNames() : [], routeHosts })
}
