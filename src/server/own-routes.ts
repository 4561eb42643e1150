import { findOwnUpstream } from '../config/resolve/own-upstream.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Listening } from './types.ts'

/**
 * Refuses routes that lead to the server itself, as far as its addresses tell.
 *
 * @throws ServeError `E8008_CONFIG_INVALID`
 */
export function refuseOwnRoutes(
  routes: readonly ResolvedRoute[],
  { port, addresses, tls }: Listening,
  { socket }: ResolvedConfig,
): void {
  const places = [
    { ports: [port], addresses: socket === undefined ? addresses : [], socket },
    ...(tls === undefined ? [] : [{ ports: [tls.port], addresses: tls.addresses, socket }]),
  ]
  const found = places.flatMap((place) => findOwnUpstream(routes, place) ?? [])[0]
  if (found === undefined) return
  const { route, upstream } = found
  throw new ServeError('E8008_CONFIG_INVALID', `The target ${upstream.label} of ${route.name} is this server itself.`, {
    hint: 'name the port of the server behind it, or serve on another one',
  })
}
