import type { ResolvedProxy, ResolvedRoute } from '../config/route-types.ts'
import { redactUrl } from '../core/util/secret.ts'
import { isServeError } from '../core/serve-error.ts'
import type { ForwardedRequest } from '../proxy/dry-run.ts'
import { createTable, type Rejection, type TableRequest } from './table.ts'

/** Which route answers a request, and why the other routes do not. */
export interface RouteExplanation {
  /** The route's name or the folder's path; undefined if neither answers. */
  readonly route: string | undefined
  readonly kind: 'proxy' | 'redirect' | 'reply' | 'folder' | 'none' | 'refused'
  /** What the route does, or the error that the client gets. */
  readonly text: string
  /** The request to each upstream of a proxy route. */
  readonly forwards: readonly ForwardedRequest[]
  /** Empty for a request that is refused before routes are compared. */
  readonly lost: readonly Rejection[]
}

type RouteMatch = { readonly route: ResolvedRoute } | { readonly folder: string; readonly path: string }

/** Lists the requests that a proxy route would send. @throws ServeError if it would not forward the request. */
export type DryRun = (route: ResolvedRoute, proxy: ResolvedProxy) => readonly ForwardedRequest[]

/** Explains which route or folder answers a request. */
export function explainRoute(
  request: TableRequest,
  routes: readonly ResolvedRoute[],
  folders: readonly { readonly path: string; readonly folder: string }[],
  preview: DryRun,
): RouteExplanation {
  const table = createTable<RouteMatch>([
    ...folders.map(({ path, folder }) => ({ name: `files at ${path}`, folder: path, item: { folder, path } })),
    ...routes.map((route) => ({
      name: route.name,
      match: route.match,
      item: { route },
      isForwarded: route.action.kind === 'proxy',
    })),
  ])
  try {
    return { ...explainFound(table.find(request), preview), lost: table.rejections(request) }
  } catch (error) {
    if (!isServeError(error)) throw error
    return {
      route: undefined,
      kind: 'refused',
      text: `${error.status} ${error.code}: ${error.message}`,
      forwards: [],
      lost: [],
    }
  }
}

function explainFound(found: RouteMatch | undefined, preview: DryRun): Omit<RouteExplanation, 'lost'> {
  if (found === undefined)
    return { route: undefined, kind: 'none', text: '404: no route or folder matches', forwards: [] }
  if ('folder' in found) return { route: found.path, kind: 'folder', text: `files of ${found.folder}`, forwards: [] }
  const { name, action } = found.route
  if (action.kind === 'redirect') {
    return { route: name, kind: 'redirect', text: `${action.status} to ${redactUrl(action.to)}`, forwards: [] }
  }
  if (action.kind === 'reply') return { route: name, kind: 'reply', text: `reply ${action.status}`, forwards: [] }
  const { upstreams, balance } = action.proxy
  const text =
    upstreams.length === 1
      ? `forwards to ${upstreams[0]?.label}`
      : `forwards to one of ${upstreams.length} (${balance})`
  return { route: name, kind: 'proxy', text, forwards: preview(found.route, action.proxy) }
}
