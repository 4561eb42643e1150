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
  const find = createFinder(routes)
  const [only] = routes
  if (routes.length === 1 && only?.path === '/') return only.handle
  return (x) => find(x.target.path)?.handle(x) ?? outside(x, base)
}

/** Finds the most specific of some things that have a path prefix (with a slash at both ends). */
export function createFinder<Item extends { readonly path: string }>(
  items: readonly Item[],
): (path: string) => Item | undefined {
  const ordered = items
    .map((item) => ({ prefix: comparablePath(item.path), item }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)
  return (requested) => {
    const path = comparablePath(requested)
    return ordered.find(({ prefix }) => path.startsWith(prefix) || `${path}/` === prefix)?.item
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
