import type { Answerer, KindTools } from '../config/kinds/kind.ts'
import { kindOf } from '../config/kinds/registry.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import type { explainRoute } from './explain-route.ts'
import { isConditional } from './match/order.ts'
import { createTable, entryOf, prefixOf, type TableRequest } from './table.ts'

export type { DescribeRoute, RouteExplanation } from './explain-route.ts'
export { prefixOf } from './table.ts'

/** Options of {@link createRoutes}. */
export interface RoutesOptions extends Pick<KindTools, 'answer' | 'isSecure'> {
  readonly routes: readonly ResolvedRoute[]
  /** The route of the served folder, which takes what no other one does. */
  readonly root: ResolvedRoute
  /** Makes what answers from the folder of a route. */
  readonly folder: (route: ResolvedRoute) => Answerer
  /** Makes the handler of a route that forwards. */
  readonly forward: (route: ResolvedRoute) => Handler
  /** Answers what no route and no file does, and passes on the rest. */
  readonly handler: Layer | undefined
  readonly base: string
  /** Who may use the folder of a route, for requests that a handler passes on; undefined for the served folder. */
  readonly within: (route: string | undefined) => Layer
}

/** The last step of the pipeline: sends each exchange to a route or a folder. */
export interface Routes {
  readonly handle: Handler
  /** Whether a route or a file exists for the exchange with this method. @throws ServeError as `handle` does. */
  readonly claims: (x: Exchange, method: string) => boolean
  /** The id of the route that answers; undefined for the served folder and for none. @throws ServeError as `handle` does. */
  readonly idOf: (x: Exchange) => string | undefined
}

/** RFC 9110 section 9.3.7: `OPTIONS *` asks about this server, not about an upstream. */
const serverOptions: Reply = Object.freeze(emptyReply(204, ['Allow', 'GET, HEAD, OPTIONS']))

/**
 * Sends each exchange to the most specific route. A folder also gets its path without the final slash, to redirect it.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for two routes that are equally specific.
 */
export function createRoutes({
  routes,
  root,
  base,
  handler,
  within,
  folder,
  forward,
  ...tools
}: RoutesOptions): Routes {
  const filesOf: Handler = (x) => {
    delete x.notes.route
    return files.find(requestOf(x))?.handle(x) ?? outside(x, base)
  }
  const open = (route: ResolvedRoute): Answerer => {
    const made = kindOf(route.action).handle(route.action, {
      ...tools,
      files: filesOf,
      forward: () => forward(route),
      folder: () => (handler === undefined ? folder(route) : withHandler(folder(route), handler)),
    })
    return typeof made === 'function' ? { handle: made, has: () => true } : made
  }
  const top = open(root)
  if (routes.length === 0 && base === '/')
    return { handle: top.handle, claims: (x) => top.has(x), idOf: () => undefined }
  const entries = [
    entryOf<Answerer & { id?: string }>(root, top),
    ...routes.map((route) => entryOf(route, named(route.id, open(route)))),
  ]
  // A handler may be for more clients than the folder that it passes a request on to.
  const files = createTable(
    entries.flatMap(({ item, ...entry }) =>
      entry.isFolder ? [{ ...entry, item: { handle: within(item.id)(item.handle) } }] : [],
    ),
  )
  const table = createTable(entries)
  return {
    handle: (x) => {
      if (x.target.form === 'asterisk') {
        x.notes.unclaimed = true
        return serverOptions
      }
      return table.find(requestOf(x))?.handle(x) ?? outside(x, base)
    },
    claims: (x, method) => table.find({ ...requestOf(x), method })?.has(x) === true,
    idOf: (x) => (x.target.form === 'asterisk' ? undefined : table.find(requestOf(x))?.id),
  }
}

function named(id: string, { handle, has }: Answerer): Answerer & { readonly id: string } {
  return {
    id,
    handle: (x) => {
      x.notes.route = id
      return handle(x)
    },
    has,
  }
}

/** A folder whose files come first. The handler gets everything else, and the folder what the handler passes on. */
function withHandler({ handle, has }: Answerer, layer: Layer): Answerer {
  const handled = layer(handle)
  const isFile = (x: Exchange): boolean => (x.method === 'GET' || x.method === 'HEAD') && has(x)
  return { handle: (x) => (isFile(x) ? handle(x) : handled(x)), has: () => true }
}

/** A folder that a site serves. */
export interface SiteFolder {
  readonly route: ResolvedRoute
  /** Path prefix with a slash at both ends. */
  readonly prefix: string
  /** Absolute folder. */
  readonly folder: string
}

/** The folders of a site. */
export interface SiteFolders {
  readonly all: readonly SiteFolder[]
  /** Whether more than the path decides which one answers. */
  readonly hasConditions: boolean
  /** The one that answers a path, for a client that sends what the exchange has. */
  find(x: Exchange, path: string): SiteFolder | undefined
  /** Those that may answer a path: the most specific ones, up to the first without conditions. */
  at(path: string): readonly SiteFolder[]
}

/** Finds the folders among routes. */
export function createSiteFolders(routes: readonly ResolvedRoute[]): SiteFolders {
  const all = routes.flatMap((route): SiteFolder[] =>
    route.action.kind === 'folder' && route.action.root !== ''
      ? [{ route, prefix: prefixOf(route.match), folder: route.action.root }]
      : [],
  )
  const { find, rows, at } = createTable(all.map((each) => entryOf(each.route, each)))
  return {
    all,
    hasConditions: rows.some(({ match }) => isConditional(match)),
    find: (x, path) => find({ ...requestOf(x), path }),
    at(path) {
      const found = at(path)
      const last = found.findIndex(({ match }) => !isConditional(match))
      return found.slice(0, last + 1 || undefined).map(({ item }) => item)
    },
  }
}

/** What routes match of an exchange. */
export function requestOf(x: Exchange): TableRequest {
  const { method, target, authority, headers, peer } = x
  return {
    method,
    listener: peer.listener,
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
