import { ServeError } from '../errors/serve-error.ts'
import { comparablePath } from '../http/comparable-path.ts'
import type { Exchange, Handler } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'

/** A handler for everything below a path. */
export interface Route {
  /** Path prefix with a slash at both ends. */
  readonly path: string
  readonly handle: Handler
}

/**
 * Sends each exchange to the most specific route. A route also gets its own path without the final
 * slash, so that it can redirect to it.
 */
export function createRoutes(routes: readonly Route[], base: string): Handler {
  const ordered = routes
    .map(({ path, handle }) => ({ path: comparablePath(path), handle }))
    .toSorted((a, b) => b.path.length - a.path.length)
  const [only] = ordered
  if (ordered.length === 1 && only?.path === '/') return only.handle
  return (x) => {
    const path = comparablePath(x.target.path)
    for (const route of ordered) if (path.startsWith(route.path) || `${path}/` === route.path) return route.handle(x)
    return outside(x, base)
  }
}

/** With a base, the bare address is what people type first. */
function outside(x: Exchange, base: string): Reply {
  x.notes.unclaimed = true
  if (x.target.path === '/' && (x.method === 'GET' || x.method === 'HEAD')) {
    return { status: 302, headers: ['Location', `${base}${x.target.query}`, 'Cache-Control', 'no-store'], body: null }
  }
  throw new ServeError('E8008_NOT_FOUND', 'There is nothing at this address.', { hint: `Everything is below ${base}` })
}
