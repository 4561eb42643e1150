import type { ResolvedRoute } from '../config/route-types.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import { normalizePath } from '../http/message/request-target.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import type { explainRoute } from './explain-route.ts'
import { isForwarded, openRoute, type KindTools } from './kinds.ts'
import { createTable, type TableEntry, type TableRequest } from './table.ts'

export type { DescribeRoute, RouteExplanation } from './explain-route.ts'

/** A served folder: the handler of every path below its prefix. */
export interface RoutedFolder {
  /** Path prefix with a slash at both ends. */
  readonly path: string
  readonly handle: Handler
  /** Whether the folder has a file or folder at the exchange's path. */
  has(x: Exchange): boolean
}

/** Options of {@link createRoutes}. */
export interface RoutesOptions extends KindTools {
  readonly folders: readonly RoutedFolder[]
  readonly routes: readonly ResolvedRoute[]
  /** Answers what no route and no file does, and passes on the rest. */
  readonly handler: Layer | undefined
  readonly base: string
}

/** The last step of the pipeline: sends each exchange to a route or a folder. */
export interface Routes {
  readonly handle: Handler
  /** Whether a route or a file exists for the exchange with this method. @throws ServeError as `handle` does. */
  readonly claims: (x: Exchange, method: string) => boolean
}

/** RFC 9110 section 9.3.7: `OPTIONS *` asks about this server, not about an upstream. */
const serverOptions: Reply = Object.freeze(emptyReply(204, ['Allow', 'GET, HEAD, OPTIONS']))

/**
 * Sends each exchange to the most specific route or folder. A folder also gets its path without the final slash, to
 * redirect it.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for two routes that are equally specific.
 */
export function createRoutes({ folders: served, routes, base, handler, ...tools }: RoutesOptions): Routes {
  const folders = handler === undefined ? served : served.map((folder) => withHandler(folder, handler))
  const [only] = folders
  if (routes.length === 0) {
    if (folders.length === 1 && only?.path === '/') return { handle: only.handle, claims: only.has }
    const find = createFinder(folders)
    return {
      handle: (x) => find(x.target.path)?.handle(x) ?? outside(x, base),
      claims: (x) => find(x.target.path)?.has(x) === true,
    }
  }
  const find = createFinder(folders)
  const filesOf: Handler = (x) => {
    delete x.notes.route
    return find(x.target.path)?.handle(x) ?? outside(x, base)
  }
  const table = createTable<Pick<RoutedFolder, 'handle' | 'has'>>([
    ...folders.map((folder) => ({ id: folder.path, folder: folder.path, item: folder })),
    ...routes.map((route): TableEntry<Pick<RoutedFolder, 'handle' | 'has'>> => {
      const { id, match } = route
      const handle = openRoute(route, tools)(filesOf)
      const named = (x: Exchange): ReturnType<Handler> => {
        x.notes.route = id
        return handle(x)
      }
      const item = { handle: named, has: () => true }
      return { id, match, item, isForwarded: isForwarded(route) }
    }),
  ])
  return {
    handle: (x) => {
      if (x.target.form === 'asterisk') {
        x.notes.unclaimed = true
        return serverOptions
      }
      return table.find(requestOf(x))?.handle(x) ?? outside(x, base)
    },
    claims: (x, method) => table.find({ ...requestOf(x), method })?.has(x) === true,
  }
}

/** A folder whose files come first. The handler gets everything else, and the folder what the handler passes on. */
function withHandler(folder: RoutedFolder, layer: Layer): RoutedFolder {
  const handled = layer(folder.handle)
  const isFile = (x: Exchange): boolean => (x.method === 'GET' || x.method === 'HEAD') && folder.has(x)
  return { path: folder.path, handle: (x) => (isFile(x) ? folder.handle(x) : handled(x)), has: () => true }
}

/** Compiles a search for the item with the longest matching path prefix (with a slash at both ends). */
export function createFinder<Item extends { readonly path: string }>(
  items: readonly Item[],
): (path: string) => Item | undefined {
  const ordered = items
    .map((item) => ({ prefix: normalizePath(item.path), item }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)
  return (requested) => {
    const path = normalizePath(requested)
    return ordered.find(({ prefix }) => path.startsWith(prefix) || `${path}/` === prefix)?.item
  }
}

function requestOf(x: Exchange): TableRequest {
  const { method, target, authority, headers } = x
  return {
    method,
    path: target.path,
    query: target.query,
    hostname: authority?.hostname ?? '',
    header: (name) => headers.get(name),
  }
}

/** With a base, `/` redirects to it: users type the bare address. */
function outside(x: Exchange, base: string): Reply {
  x.notes.unclaimed = true
  if (x.target.path === '/' && (x.method === 'GET' || x.method === 'HEAD')) {
    return { status: 302, headers: ['Location', `${base}${x.target.query}`, 'Cache-Control', 'no-store'], body: null }
  }
  throw new ServeError('E8008_NOT_FOUND', 'Not found.', { hint: `this server is mounted at ${base}` })
}

/** Loads the function that explains which route or folder answers a request. */
export async function loadExplainRoute(): Promise<typeof explainRoute> {
  return (await import('./explain-route.ts')).explainRoute
}
